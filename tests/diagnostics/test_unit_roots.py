"""The joint reading: each row of its table on a real or planted series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecastkit.diagnostics.outcome import HypothesisTest
from forecastkit.diagnostics.unit_roots import UnitRoots, look_for_unit_roots


def outcome(p: float | None) -> HypothesisTest:
    return HypothesisTest("t", "n", None if p is None else 0.0, p, 100)


def read(adf, kpss, adf_line=0.5, kpss_line=0.01) -> UnitRoots:
    return UnitRoots(*map(outcome, (adf, adf, adf, kpss, adf_line, kpss_line)))


@pytest.mark.parametrize(
    ("roots", "advice", "differ"),
    [
        (read(0.01, 0.10), "levels", False),
        (read(0.50, 0.01), "differences", True),
        (read(0.50, 0.01, 0.01, 0.10), "line", True),
        (read(0.01, 0.01), "conflict", False),
        (read(0.50, 0.10), "unclear", True),
        (read(None, 0.10), "untested", True),
    ],
)
def test_table(roots, advice, differ):
    assert (roots.advice, roots.differ) == (advice, differ)


def test_others_agree_or_not():
    roots = read(0.01, 0.10)
    assert roots.others_agree
    assert not replace(roots, dfgls=outcome(0.3)).others_agree


@pytest.mark.parametrize(
    ("name", "advice"), [("nile", "conflict"), ("lh", "levels"), ("airpassengers_log", "differences")]
)
def test_known_series(name, advice, series_values):
    assert look_for_unit_roots(series_values(name)).advice == advice


def test_constant_series():
    roots = look_for_unit_roots(np.full(40, 2.0))
    assert roots.advice == "untested"
    assert {test.reason for test in roots.tests} == {"the series is constant"}
