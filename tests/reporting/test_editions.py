"""Editions of a report: complete or absent, `latest` always opens, the newest good one stays."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forecastkit.errors import ReportError
from forecastkit.reporting.editions import editions, point_latest, prune, publish_edition

NAMES = [f"2027010{i}T000000Z-abc" for i in range(1, 7)]
FILES = {"index.html": "page", "a/report.json": "{}"}


@pytest.fixture
def six(tmp_path: Path) -> Path:
    for name in NAMES:
        publish_edition(FILES, tmp_path, name)
    return tmp_path


def gone(folder: Path, **what: object) -> list[str]:
    made = {name: datetime(2027, 1, i + 1, tzinfo=UTC) for i, name in enumerate(NAMES)}
    there = editions(folder)
    removed = prune(folder, **{"keep": 99, "before": None, "made": made, "spared": (), **what})
    assert editions(folder) == [name for name in there if name not in removed]
    return sorted(removed)


def test_latest_leads_to_the_newest(six):
    assert (six / "latest/index.html").read_text() == "page"
    assert os.readlink(six / "latest") == f"runs/{NAMES[-1]}"
    assert json.loads((six / "latest.json").read_text())["run"] == NAMES[-1]
    assert editions(six) == NAMES[::-1]


def test_without_links_a_page_leads_there(tmp_path, monkeypatch):
    def refused(*args: object, **more: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "symlink", refused)
    for name in NAMES[:2]:
        publish_edition(FILES, tmp_path, name)
    assert f'url=../runs/{NAMES[1]}/index.html"' in (tmp_path / "latest/index.html").read_text()
    monkeypatch.undo()
    point_latest(tmp_path, NAMES[0])  # links have come: the folder stays a folder
    assert f"../runs/{NAMES[0]}/index.html" in (tmp_path / "latest/index.html").read_text()


def test_a_link_is_never_written_through(six, monkeypatch):
    def full(*args: object, **more: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "symlink", full)
    with pytest.raises(ReportError):
        publish_edition(FILES, six, "20270201T000000Z-abc")
    assert (six / "latest/index.html").read_text() == "page"


def test_what_fails_leaves_no_edition(tmp_path):
    with pytest.raises(ReportError):
        publish_edition({"a": "x", "a/b": "y"}, tmp_path, NAMES[0])
    assert editions(tmp_path) == []
    publish_edition(FILES, tmp_path, NAMES[1])  # and what it has left is swept
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [NAMES[1]]


def test_pruning_by_count_and_by_age(six):
    assert gone(six, keep=4) == NAMES[:2]
    assert gone(six, before=datetime(2027, 1, 4, tzinfo=UTC)) == NAMES[2:3]


def test_the_newest_and_the_newest_good_one_stay(six):
    late = datetime(2030, 1, 1, tzinfo=UTC) + timedelta(days=1)
    assert gone(six, keep=1, before=late, spared=(NAMES[1],)) == [NAMES[0], *NAMES[2:5]]
    assert (six / "latest/index.html").exists()
