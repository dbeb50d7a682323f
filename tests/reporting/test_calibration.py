"""The section on intervals: what it says of true and of narrow ones, its tables, and where it is absent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecastkit.comparison.comparison import conclude
from forecastkit.reporting.calibration import (
    calibration_captions,
    calibration_figures,
    calibration_tables,
    draw_calibration,
    shown_share,
)
from forecastkit.reporting.page import page
from forecastkit.series.series import Series
from forecastkit.series.transforms import find_transform

LEVELS = (0.025, 0.1, 0.9, 0.975)
NORMAL = np.array([-1.959963984540054, -1.2815515655446004, 1.2815515655446004, 1.959963984540054])


@pytest.fixture
def comparison(planted, rng):
    """Standard normal actual values: the intervals of `ar` are true, those of `net` half as wide."""
    actual = rng.normal(size=(200, 2))
    errors = {name: actual - 0.0 for name in ("naive", "ar", "net")}
    families = {"naive": "reference", "ar": "ar", "net": "network"}
    made = planted(errors, families, actual=actual)
    wide = np.broadcast_to(NORMAL, (200, 2, 4))
    made = replace(made, levels=LEVELS, quantiles={"ar": wide.copy(), "net": wide / 2})
    series = Series.from_array(rng.normal(size=len(made.index)), unit="K")
    return conclude(series, made, transform=find_transform("none"), loss="squared")


def test_captions_say_who_is_too_narrow(comparison):
    captions = list(calibration_captions(comparison))
    assert captions[1:] == [
        "ar: no deviation from 80 % is certain.",
        "net: too narrow at h = 1 to 2.",
    ]


def test_tables_hold_coverage_beside_width(comparison):
    narrow, wide, quantiles = calibration_tables(comparison)
    assert (narrow.caption, wide.caption) == ("80 % intervals by horizon, K", "95 % intervals by horizon, K")
    assert narrow.groups == (("", 1), ("ar", 4), ("net", 4))
    row = [cell.text for cell in narrow.rows[0]]
    assert row[3] == "2.56"
    assert row[7] == "1.28"
    assert [narrow.rows[0][1].strong, narrow.rows[0][5].strong] == [False, True]
    assert "Over 200 origins" in narrow.notes[1]
    assert quantiles.notes[-1].startswith("net at h = 1: the hypothesis that actual values fall")


def test_every_caption_of_a_table_is_in_the_page(comparison):
    text = page(comparison)
    assert "Do the intervals keep their promise?" in text
    assert all(f"<summary>{table.caption}</summary>" in text for table in calibration_tables(comparison))


@pytest.mark.parametrize("width", ["wide", "narrow"])
def test_curves_are_those_of_the_scores(comparison, width):
    upper, lower = draw_calibration(comparison, width=width).axes
    found = comparison.scores.quantiles["net"].intervals[0]
    assert shown_share(comparison) == found.share == 0.8
    assert any(np.array_equal(line.get_ydata(), found.coverage) for line in upper.lines)
    assert any(np.array_equal(line.get_ydata(), found.width) for line in lower.lines)


def test_no_intervals_no_section(comparison):
    bare = replace(comparison, scores=replace(comparison.scores, quantiles={}))
    assert calibration_tables(bare) == list(calibration_figures(bare)) == []
    assert "keep their promise" not in page(bare)
