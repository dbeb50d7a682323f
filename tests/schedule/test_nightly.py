"""Whole nights: reports that know what changed, alerts, and nothing secret or odd in any output."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from forecastkit.errors import DataError, SourceDownError
from forecastkit.schedule import making
from forecastkit.schedule.desk import Desk, new_run
from forecastkit.schedule.memory import Memory
from forecastkit.schedule.supervise import run_once
from forecastkit.schedule.work import work

THREE = """
sources = ["one.csv", { source = "two.csv", name = "two" }, { source = "three.csv", name = "three" }]
models = ["ar"]
horizon = 3
plan = { origins = 60 }
gates = { skill_horizon_lost = 1 }
"""
ODD = "--night \"<b onclick='x'>$(touch x)</b>\" ../../.."


def run_here(made: Desk) -> tuple[int, str]:
    now = datetime.now(UTC)
    run = new_run(now)
    return work(made, run, now), run


def attributes(page: str) -> Iterator[tuple[str, str, str]]:
    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend((tag, name, value or "") for name, value in attrs)

    found: list[tuple[str, str, str]] = []
    Tags().feed(page)
    return iter(found)


def test_two_nights(desk, write_series, webhook, mailbox, monkeypatch, tmp_path):
    """Three series; in the second night one is revised and one has lost its memory."""
    monkeypatch.setenv("HOOK", webhook.url)
    mail = f'host = "127.0.0.1", port = {mailbox.port}, security = "none", sender = "m@a.org"'
    alerts = f'alerts = {{ webhook = "env:HOOK", mail = {{ {mail}, to = ["you@a.org"] }} }}'
    made = desk(THREE, name=ODD, top=f'outputs = {{ folder = "out", formats = ["json"] }}\n{alerts}')
    for name, seed in (("one", 1), ("two", 2), ("three", 4)):
        write_series(name, seed)
    code, first = run_here(made)
    before = made.memory.find(first)
    assert code == 0
    assert before.told["series"]["three"]["skill_horizon"]["ar"] == 3

    write_series("two", 2, n=162, revise={10: 0.5, 11: -0.25})
    write_series("three", 4, n=162, noise=60)
    made = desk(THREE, name=ODD, top=f'outputs = {{ folder = "out" }}\n{alerts}')
    code, second = run_once(made, lambda line: None)
    assert code == 5

    folder = tmp_path / "out"
    assert [path.name for path in folder.iterdir()] == [
        "night-b-onclick-x-touch-x-b"
    ]  # and nothing beside it
    assert sorted(path.name for path in (made.folder / "runs").iterdir()) == sorted([first, second])
    assert (made.folder / "latest").resolve().name == second
    told = json.loads((made.folder / "latest/report.json").read_text())
    revision = (
        "two: The source was revised: 2 past values changed: 2026-01-11, 2026-01-12; the largest change is "
        "0.5 (2026-01-11)."
    )
    assert revision in told["moved"]
    assert told["series"]["two"]["changes"]["revised"]["added"] == 2
    lost = "three: The skill horizon of ar lost 3 steps against its usual 3; at most 1 are allowed."
    assert told["gates_tripped"] == [lost]
    page = (made.folder / "latest/three/index.html").read_text()
    assert "What changed since the last run" in page
    assert "The skill horizon of ar fell from 3 to 0; usual is 3." in page

    index = (made.folder / "index.html").read_text()
    assert index.count('class="trend"') == 3
    assert f'href="runs/{first}/index.html"' in index
    assert f'href="runs/{second}/index.html"' in index
    (message,) = webhook.received
    assert (message["event"], message["code"], message["run"]) == ("gate", 5, second)
    assert message["lines"][0] == lost
    assert revision in message["lines"]
    ((recipients, _),) = mailbox.letters
    assert recipients == ["you@a.org"]
    for path in folder.rglob("*.html"):
        for tag, name, value in attributes(path.read_text()):
            assert tag not in ("script", "b")
            assert not name.startswith("on"), path
            assert name not in ("href", "src") or re.match(r"[#.]|runs/|[a-z0-9.-]+/index\.html", value), path


def test_planted_secrets_are_in_no_output(desk, odd_models, write_series, tmp_path, monkeypatch, capfd):
    """A model that tells its whole environment, and alerts that nobody takes."""
    secrets = {"HOOK": "http://127.0.0.1:1/T0k3n-planted", "PASSWORD": "p4ssw0rd-planted"}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    write_series("one", 1)
    made = desk(
        'sources = ["one.csv"]\nmodels = ["ar", "telling"]\nhorizon = 2\nplan = { origins = 20 }\n',
        top='outputs = { folder = "out", formats = ["html", "json", "md", "csv"] }\n'
        'alerts = { webhook = "env:HOOK", mail = { host = "127.0.0.1", port = 1, user = "u", '
        'sender = "a@b.org", password = "env:PASSWORD", to = ["c@d.org"] } }',
    )
    said: list[str] = []
    code, run = run_once(made, said.append)
    assert code == 4
    told = made.memory.find(run)
    assert "telling failed at more than 10 % of the origins: " in told.told["failed"][0]
    assert "the environment: " in (made.folder / "latest/one.csv/index.html").read_text()  # published, named
    assert len([line for line in said if "was not delivered: Connection refused." in line]) == 2
    outputs = {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    outputs["said"] = "\n".join(said).encode()
    outputs["out"], outputs["err"] = (text.encode() for text in capfd.readouterr())
    assert len(outputs) > 12
    assert [name for name, content in outputs.items() if b"-planted" in content] == []


def test_a_source_that_is_down_is_asked_again_and_named(desk, write_series, monkeypatch):
    """Only what may come back is asked again; the series that is there is published."""
    asked: list[str] = []

    def load(source: str, **more: object) -> object:
        asked.append(Path(source).name)
        if Path(source).name == "down":
            raise SourceDownError("It gave no answer.")
        if Path(source).name == "bad":
            raise DataError("It is no table.")
        return loading(source, **more)

    loading = making.load
    monkeypatch.setattr(making, "load", load)
    write_series("one", 1)
    made = desk(
        'sources = ["down", "bad", "one.csv"]\nmodels = ["ar"]\nhorizon = 2\nplan = { origins = 20 }\n'
        'outputs = { folder = "out", formats = ["json"] }\nretries = { tries = 3, wait_seconds = 0 }\n'
    )
    code, run = run_here(made)
    assert code == 3
    assert asked == ["down", "down", "down", "bad", "one.csv"]
    assert made.memory.find(run).told["failed"] == [
        "down is missing: It gave no answer.",
        "bad is missing: It is no table.",
    ]
    assert (made.folder / "latest/one.csv/report.json").exists()


def test_nothing_is_published_where_nothing_was_compared(desk):
    made = desk('sources = ["absent.csv"]\nmodels = ["ar"]\n')
    with pytest.raises(DataError, match=r"absent\.csv"):
        run_here(made)
    (run,) = made.memory.runs("night")
    assert (run.code, run.published) == (3, False)
    assert not (made.folder / "runs").exists()
    assert "absent.csv" in (made.folder / "index.html").read_text()


def test_other_settings_begin_a_new_memory(desk, write_series):
    text = (
        'sources = ["one.csv"]\nmodels = ["ar"]\nplan = { origins = 20 }\noutputs = { formats = ["json"] }\n'
    )
    write_series("one", 1)
    for horizon, against in ((2, False), (2, True), (3, False)):
        made = desk(f"{text}horizon = {horizon}\n")
        _, run = run_here(made)
        told = json.loads((made.report_of(run) / "report.json").read_text())
        assert bool(told["series"]["one.csv"]["changes"]["against"]) is against


def test_a_memory_keeps_runs(tmp_path):
    memory, now = Memory(tmp_path / "deep/er/runs.db"), datetime(2027, 1, 1, tzinfo=UTC)
    for i in range(3):
        memory.begin(f"r{i}", "a", now + timedelta(days=i))
    memory.begin("other", "b", now)
    memory.end("r1", 5, {"sentence": "x"})
    memory.end("r1", 0, {"sentence": "a run ends once"})
    memory.end("absent", 0, {})
    memory.add("r1", {"alerts": ["y"]})
    found = memory.find("r1")
    assert (found.code, found.told, found.scheduled) == (
        5,
        {"sentence": "x", "alerts": ["y"]},
        now + timedelta(days=1),
    )
    assert [run.run for run in memory.runs("a", limit=2)] == ["r2", "r1"]
