"""What starts the jobs of a file by another scheduler: crontab, systemd, Kubernetes, GitHub Actions.

crontab knows the time zone of its machine only, so it gets one line that asks every few minutes what is due.
The others know time zones and get one entry for each job.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cronsim import CronSim

from forecastkit.errors import PlanError
from forecastkit.reporting.publish import folder_name
from forecastkit.schedule.alerts import secret_names
from forecastkit.schedule.desk import Desk

WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
ASK_EVERY = 5
"""Minutes between two looks of crontab at what is due."""
PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*")
NO_KEY = ("on", "off", "yes", "no", "y", "n", "true", "false", "null")
LONGEST_GITHUB = 360
SLACK = 300
"""Seconds that others wait longer than the scheduler itself before they kill a job."""


def emitted(kind: str, desks: Sequence[Desk], *, image: str) -> dict[str, str]:
    """Write the files for another scheduler: name -> text.

    Args:
        kind: "cron", "systemd", "kubernetes" or "github".
        desks: jobs of one file; those without times are left out.
        image: of the containers of Kubernetes.

    Raises:
        PlanError: there is nothing to start, or a time cannot be said there.
    """
    timed = [desk for desk in desks if desk.job.cron is not None]
    if not timed:
        raise PlanError("No job of the file has times. Give one a cron expression.")
    if kind == "cron":
        return {"crontab": _crontab(timed[0].file)}
    if kind == "systemd":
        names = _plain_names(desk.name for desk in timed)
        return {file: text for desk in timed for file, text in _units(desk, names[desk.name]).items()}
    if kind == "kubernetes":
        return {"forecastkit.yaml": _kubernetes(timed, image)}
    return {".github/workflows/forecastkit.yml": _github(timed)}


def _crontab(file: Path) -> str:
    """One line; crontab turns an unescaped % into a new line."""
    words = [sys.executable, "-P", "-m", "forecastkit", "schedule", "run", str(file)]
    _refuse_lines(words)
    return f"*/{ASK_EVERY} * * * * {shlex.join(words).replace('%', chr(92) + '%')}\n"


def _units(desk: Desk, name: str) -> dict[str, str]:
    """A service that runs the job once, and the timer that starts it; what was missed is caught up once."""
    words = [sys.executable, "-P", "-m", "forecastkit", "schedule", "once", "--file", str(desk.file)]
    words += ["--", desk.name]
    _refuse_lines(words)
    about = "".join(c for c in desk.name if c.isprintable()).replace("%", "%%")
    service = (
        f"[Unit]\nDescription=forecastkit: {about}\n"
        "After=network-online.target\nWants=network-online.target\n\n"
        f"[Service]\nType=oneshot\nExecStart={' '.join(map(_quoted, words))}\n"
        f"EnvironmentFile=-%h/.config/forecastkit/environment\nTimeoutStartSec={_limit(desk)}\n"
        "SuccessExitStatus=75\nNice=10\n"
    )
    calendars = "".join(f"OnCalendar={time}\n" for time in calendar(desk.job.cron or "", desk.job.time_zone))
    timer = (
        f"[Unit]\nDescription=forecastkit: {about}\n\n[Timer]\n{calendars}Persistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )
    return {f"forecastkit-{name}.service": service, f"forecastkit-{name}.timer": timer}


def calendar(cron: str, time_zone: str) -> list[str]:
    """Say a cron expression as systemd does; two lines where cron means one day or the other.

    Raises:
        PlanError: it names the last day or the n-th weekday of a month.

    Example:
        >>> calendar("30 6 * * MON-FRI", "America/New_York")
        ['Mon,Tue,Wed,Thu,Fri *-*-* 06:30:00 America/New_York']
    """
    read = CronSim(cron, datetime(2024, 1, 1, tzinfo=UTC))
    if any(not isinstance(day, int) for day in read.weekdays) or min(read.days) < 0:
        raise PlanError(
            f"systemd cannot say {cron!r}: the last day or the n-th weekday of a month. Use --cron instead."
        )
    weekdays = {day % 7 for day in read.weekdays if isinstance(day, int)}
    named = ",".join(WEEKDAYS[day] for day in sorted(weekdays)) + " " if len(weekdays) < 7 else ""
    days = _numbers(read.days, 31)
    time = f"{_numbers(read.hours, 24)}:{_numbers(read.minutes, 60)}:00 {time_zone}"
    months = _numbers(read.months, 12)
    if read.day_and or not named or days == "*":
        return [f"{named}*-{months}-{days} {time}"]
    return [f"*-{months}-{days} {time}", f"{named}*-{months}-* {time}"]


def _numbers(found: set[int], count: int) -> str:
    return "*" if len(found) == count else ",".join(f"{number:02d}" for number in sorted(found))


def _kubernetes(desks: Sequence[Desk], image: str) -> str:
    """A CronJob for each job; reports and memory on a volume, secrets in a Secret."""
    file = desks[0].file
    settings = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "forecastkit-jobs"},
        "data": {"jobs.toml": file.read_text(encoding="utf-8")},
    }
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "forecastkit-data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}},
    }
    names = _plain_names(desk.name for desk in desks)
    documents = [settings, volume, *(_cron_job(desk, names[desk.name], image) for desk in desks)]
    return "---\n".join(_yaml(document) for document in documents)


def _cron_job(desk: Desk, name: str, image: str) -> dict[str, Any]:
    container = {
        "name": "forecastkit",
        "image": image,
        "command": ["forecastkit", "schedule", "once", "--file", "/data/jobs.toml"],
        "args": ["--store", "/data/runs.db", "--", desk.name],
        "env": [_from_secret(name) for name in sorted(secret_names(desk.alerts))],
        "volumeMounts": [
            {"name": "data", "mountPath": "/data"},
            {"name": "jobs", "mountPath": "/data/jobs.toml", "subPath": "jobs.toml", "readOnly": True},
        ],
    }
    pod = {
        "restartPolicy": "Never",
        "containers": [container],
        "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": "forecastkit-data"}},
            {"name": "jobs", "configMap": {"name": "forecastkit-jobs"}},
        ],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": f"forecastkit-{name}"},
        "spec": {
            "schedule": desk.job.cron,
            "timeZone": desk.job.time_zone,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 3600,
            "jobTemplate": {
                "spec": {"backoffLimit": 0, "activeDeadlineSeconds": _limit(desk), "template": {"spec": pod}}
            },
        },
    }


def _from_secret(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "valueFrom": {"secretKeyRef": {"name": "forecastkit-secrets", "key": name, "optional": True}},
    }


def _github(desks: Sequence[Desk]) -> str:
    """A workflow that does what is due at every time of a job; a cache carries memory and reports along."""
    times = {(desk.job.cron, desk.job.time_zone): None for desk in desks}
    names = sorted({name for desk in desks for name in secret_names(desk.alerts)})
    folders = sorted({desk.outputs.folder for desk in desks})
    kept = {"path": "\n".join(["runs.db", *folders])}
    steps: list[dict[str, Any]] = [
        {"uses": "actions/checkout@v4"},
        {"uses": "actions/setup-python@v5", "with": {"python-version": "3.12"}},
        {"run": "pip install forecastkit"},
        {
            "uses": "actions/cache/restore@v4",
            "with": {**kept, "key": "forecastkit-none", "restore-keys": "forecastkit-"},
        },
        {
            "run": 'forecastkit schedule run "$FILE" --store runs.db',
            "env": {
                "FILE": _literal(_from_here(desks[0].file)),
                **{name: f"${{{{ secrets.{name} }}}}" for name in names},
            },
        },
        {
            "uses": "actions/cache/save@v4",
            "if": "always()",
            "with": {**kept, "key": "forecastkit-${{ github.run_id }}-${{ github.run_attempt }}"},
        },
        {
            "uses": "actions/upload-artifact@v4",
            "if": "always()",
            "with": {"name": "reports", "path": "\n".join(folders)},
        },
    ]
    limit = min(sum(_limit(desk) for desk in desks) // 60 + 1, LONGEST_GITHUB)
    return _yaml(
        {
            "name": "forecastkit",
            "on": {
                "schedule": [{"cron": cron, "timezone": zone} for cron, zone in times],
                "workflow_dispatch": {},
            },
            "permissions": {"contents": "read"},
            "concurrency": {"group": "forecastkit", "cancel-in-progress": False},
            "jobs": {"reports": {"runs-on": "ubuntu-latest", "timeout-minutes": limit, "steps": steps}},
        }
    )


def _from_here(file: Path) -> str:
    """Path of the jobs file in the checkout, taken from where the command is called."""
    return str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else file.name


def _literal(text: str) -> str:
    """Keep a text from being taken as an expression of GitHub Actions."""
    return text.replace("${{", "${{ '${{' }}")


def _limit(desk: Desk) -> int:
    """Seconds after which another scheduler may kill what should have ended by itself."""
    return round(60 * desk.job.limits.minutes + SLACK)


def _plain_names(names: Iterable[str]) -> dict[str, str]:
    """Turn names into those that all take: lower case letters of ASCII, digits, hyphens; each its own."""
    found: dict[str, str] = {}
    for name in names:
        plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in folder_name(name).lower())
        plain = plain[:36].strip("-") or "job"
        found[name] = plain if plain not in found.values() else f"{plain}-{len(found) + 1}"
    return found


def _quoted(word: str) -> str:
    """Quote a word for systemd, which reads % and $ as its own."""
    plain = word.replace("%", "%%").replace("$", "$$")
    if all(c.isalnum() or c in "._-/:=%$@+," for c in plain):
        return plain
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _refuse_lines(words: Sequence[str]) -> None:
    odd = next((word for word in words if not word.isprintable()), None)
    if odd is not None:
        raise PlanError(f"{odd!r} has a character that cannot stand in such a file. Rename it.")


def _yaml(value: Any, indent: str = "") -> str:
    """Write plain data as YAML: blocks with plain keys, and scalars as JSON, which YAML reads."""
    inside = indent + "  "
    if isinstance(value, dict) and value:
        return "".join(f"{indent}{_key(key)}:{_below(item, inside)}" for key, item in value.items())
    if isinstance(value, list) and value:
        return "".join(f"{indent}- {_yaml(item, inside).removeprefix(inside)}" for item in value)
    return f"{indent}{json.dumps(value)}\n"


def _below(value: Any, indent: str) -> str:
    return (
        f"\n{_yaml(value, indent)}" if isinstance(value, dict | list) and value else f" {json.dumps(value)}\n"
    )


def _key(key: str) -> str:
    """A key that YAML might take for something else, such as on or 1, is quoted."""
    plain = PLAIN_KEY.fullmatch(key) and key.lower() not in NO_KEY
    return key if plain else json.dumps(key)
