"""What starts jobs elsewhere; benchmarks/schedule_files.py asks crontab and the published schemas."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from forecastkit.errors import PlanError
from forecastkit.schedule.desk import Desk
from forecastkit.schedule.due import times_after
from forecastkit.schedule.emit import calendar, emitted

JOB = 'sources = ["nile"]\nmodels = ["ar"]\ncron = "30 6 * * MON-FRI"\ntime_zone = "America/New_York"\n'
ODD = "50 % 'of' \"$HOME\" \\ ${{ secrets.X }} é"
ALERTS = 'alerts = { webhook = "env:HOOK" }'


@pytest.mark.parametrize(
    ("cron", "lines"),
    [
        ("30 6 * * MON-FRI", ["Mon,Tue,Wed,Thu,Fri *-*-* 06:30:00 UTC"]),
        ("*/20 * * * *", ["*-*-* *:00,20,40:00 UTC"]),
        ("0 0 1 1,7 *", ["*-01,07-01 00:00:00 UTC"]),
        ("0 0 13 * FRI", ["*-*-13 00:00:00 UTC", "Fri *-*-* 00:00:00 UTC"]),
        ("0 0 */2 * 7", ["Sun *-*-01,03,05,07,09,11,13,15,17,19,21,23,25,27,29,31 00:00:00 UTC"]),
    ],
)
def test_cron_as_systemd_says_it(cron, lines):
    assert calendar(cron, "UTC") == lines


@pytest.mark.parametrize("cron", ["0 0 L * *", "0 0 * * FRI#2", "0 0 * * 5L"])
def test_what_systemd_cannot_say_is_refused(cron):
    with pytest.raises(PlanError, match="systemd cannot say"):
        calendar(cron, "UTC")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
@pytest.mark.parametrize("cron", ["30 6 * * MON-FRI", "0 0 13 * FRI", "5,35 */6 * 2-4 0"])
def test_systemd_understands_the_same_times(cron):
    """The next five elapses of the calendars, against those of the scheduler."""
    lines = calendar(cron, "America/New_York")
    words = ["systemd-analyze", "calendar", "--iterations=12", *lines]
    told = subprocess.run(
        words, capture_output=True, text=True, check=True, env={"TZ": "UTC", "PATH": "/usr/bin:/bin"}
    )
    stamps = re.findall(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC", told.stdout)
    theirs = sorted({datetime.fromisoformat(f"{stamp}+00:00") for stamp in stamps})[:5]
    ours = times_after(cron, "America/New_York", theirs[0] - timedelta(seconds=1))
    assert theirs == [next(ours) for _ in range(5)]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_units_verify(desk, tmp_path):
    files = emitted("systemd", [desk(JOB, name=ODD, top=ALERTS)], image="")
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    words = ["systemd-analyze", "verify", *(str(tmp_path / name) for name in files)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "forecastkit" in line]
    assert (done.returncode, ours) == (0, [])


def test_the_crontab_line_is_one_command(desk):
    (line,) = emitted("cron", [desk(JOB, name=ODD)], image="")["crontab"].splitlines()
    when, command = line.split(" ", 5)[:5], line.split(" ", 5)[5]
    assert when == ["*/5", "*", "*", "*", "*"]
    assert shlex.split(command.replace("\\%", "%"))[1:6] == ["-P", "-m", "forecastkit", "schedule", "run"]


def test_percent_signs_do_not_end_the_crontab_line(desk, tmp_path, memory):
    made = desk(JOB)
    odd = Desk(made.name, made.job, made.outputs, made.alerts, Path("/a b/50%/jobs.toml"), memory)
    line = emitted("cron", [odd], image="")["crontab"]
    assert "'/a b/50\\%/jobs.toml'" in line


def test_a_path_of_two_lines_is_refused(desk, memory):
    made = desk(JOB)
    odd = Desk(made.name, made.job, made.outputs, made.alerts, Path("/a\n* * * * * rm/jobs.toml"), memory)
    with pytest.raises(PlanError, match="Rename it"):
        emitted("cron", [odd], image="")


def read(yaml: str) -> list[str]:
    """Scalars of a document, which are written as JSON."""
    return [json.loads(text) for text in re.findall(r'("(?:[^"\\]|\\.)*")$', yaml, flags=re.MULTILINE)]


def test_kubernetes_gets_words_zone_and_secrets(desk):
    text = emitted("kubernetes", [desk(JOB, name=ODD, top=ALERTS)], image="me/image:1")["forecastkit.yaml"]
    found = read(text)
    assert [line for line in text.splitlines() if line.startswith("kind:")] == [
        'kind: "ConfigMap"',
        'kind: "PersistentVolumeClaim"',
        'kind: "CronJob"',
    ]
    assert {ODD, "me/image:1", "America/New_York", "30 6 * * MON-FRI", "forecastkit-secrets", "HOOK"} <= set(
        found
    )


def test_github_gets_every_time_and_no_expression_of_ours(desk, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = emitted("github", [desk(JOB, name=ODD, top=ALERTS)], image="")[".github/workflows/forecastkit.yml"]
    found = read(text)
    assert "30 6 * * MON-FRI" in found
    assert "${{ secrets.HOOK }}" in found
    assert "secrets.X" not in text
    assert 'forecastkit schedule run "$FILE" --store runs.db' in found


def test_a_file_without_times_has_nothing_to_emit(desk):
    with pytest.raises(PlanError, match="No job of the file has times"):
        emitted("cron", [desk('sources = ["nile"]')], image="")
