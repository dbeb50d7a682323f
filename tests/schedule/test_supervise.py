"""Jobs as processes: one at a time, killed at their limit with all they began, caught up once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forecastkit.errors import ReportError
from forecastkit.schedule.desk import Desk
from forecastkit.schedule.supervise import LOOK, Running, attend, finish, run_once, settle, start

QUICK = """
sources = ["a.csv"]
models = ["ar"]
horizon = 2
plan = { origins = 20 }
outputs = { folder = "out", formats = ["json"] }
"""


def process_is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_a_hanging_job_is_killed_with_its_children_and_reported(
    desk, odd_models, write_series, tmp_path, webhook, monkeypatch
):
    write_series("a", 1)
    monkeypatch.setenv("HOOK", webhook.url)
    made = desk(
        QUICK.replace('"ar"', '"hanging"') + "limits = { minutes = 5 }\n",
        top='alerts = { webhook = "env:HOOK" }',
    )
    said: list[str] = []
    one = start(made, datetime.now(UTC), {"HOOK"})
    while not (tmp_path / "child").exists():
        assert one.process.poll() is None
        time.sleep(LOOK)
    child = int((tmp_path / "child").read_text())
    assert process_is_there(child)
    one.deadline = time.monotonic()
    assert finish(one, said.append) == 4
    assert not process_is_there(child)
    assert not process_is_there(one.process.pid)
    told = made.memory.find(one.run)
    assert told.sentence == "It was killed at its limit of 5 minutes."
    assert (told.code, told.published) == (4, False)
    assert "killed at its limit" in (made.folder / "index.html").read_text()
    assert not (made.folder / "runs").exists()
    assert webhook.received[0]["lines"] == ["It was killed at its limit of 5 minutes."]
    assert webhook.received[0]["event"] == "failure"


def test_a_second_scheduler_exits_75(desk, write_series):
    made = desk(QUICK)
    with made.alone():
        assert run_once(made, lambda line: None)[0] == 75
    assert made.memory.runs("night") == []


def test_a_missed_day_is_caught_up_once(desk, write_series):
    write_series("a", 1)
    made = desk(QUICK + 'cron = "30 6 * * *"\n')
    now = datetime.now(UTC)
    old = made.time_to_serve(now) - timedelta(days=3)
    made.memory.begin("old", "night", old)
    made.memory.end("old", 0, {"published": False})
    said: list[str] = []
    assert attend([made], workers=1, forever=False, say=said.append) == [0]
    assert "caught up once for 3 times" in said[0]
    runs = made.memory.runs("night")
    assert [run.scheduled for run in runs] == [made.time_to_serve(now), old]
    assert runs[0].told["missed"] == 2
    assert attend([made], workers=1, forever=False, say=said.append) == []


def test_a_job_that_was_cut_off_is_repeated_once(desk):
    made = desk(QUICK + 'cron = "30 6 * * *"\n')
    now = datetime.now(UTC)
    time = made.time_to_serve(now)
    made.memory.begin("one", "night", time)
    assert made.due(now) == time
    made.memory.begin("two", "night", time)
    assert made.due(now) is None


def ended(made: Desk, code: int, scheduled: datetime) -> Running:
    """A run whose process has ended by itself."""
    process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"], start_new_session=True)
    process.wait()
    return Running(made, "now", scheduled, process, deadline=time.monotonic() + 60, missed=0)


def test_a_job_that_cannot_begin_is_remembered_and_told(desk, webhook, monkeypatch):
    monkeypatch.setenv("HOOK", webhook.url)
    made = desk(QUICK, top='alerts = { webhook = "env:HOOK" }')
    assert settle(ended(made, 2, datetime.now(UTC)), lambda line: None) == 2
    told = "It could not begin (exit 2); look at the output of the scheduler."
    assert made.memory.find("now").sentence == told
    assert webhook.received[0]["lines"] == [told]


def test_people_are_told_on_a_full_disk(desk, webhook, monkeypatch, tmp_path):
    monkeypatch.setenv("HOOK", webhook.url)
    made = desk(QUICK, top='alerts = { webhook = "env:HOOK" }')
    (tmp_path / "runs.db").write_text("no database, however long one looks at it")
    with pytest.raises(ReportError):
        settle(ended(made, 6, datetime.now(UTC)), lambda line: None)
    assert "is no database" in webhook.received[0]["lines"][0]


def test_people_are_told_when_all_is_well_again(desk, webhook, monkeypatch):
    monkeypatch.setenv("HOOK", webhook.url)
    made = desk(QUICK, top='alerts = { webhook = "env:HOOK" }')
    now = datetime.now(UTC)
    made.memory.begin("bad", "night", now - timedelta(days=1))
    made.memory.end("bad", 3, {"error": "The source was down."})
    made.memory.begin("now", "night", now)
    made.memory.end("now", 0, {"sentence": "Nothing moved.", "published": True})
    assert settle(ended(made, 0, now), lambda line: None) == 0
    assert [told["event"] for told in webhook.received] == ["recovery"]
    made.memory.begin("later", "night", now)
    made.memory.end("later", 0, {})
    later = replace(ended(made, 0, now), run="later")
    assert settle(later, lambda line: None) == 0
    assert len(webhook.received) == 1
