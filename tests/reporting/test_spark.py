"""A series in one line of text."""

from __future__ import annotations

import numpy as np

from forecastkit.reporting.spark import BARS, spark


def test_a_ramp_uses_every_bar():
    assert spark(np.arange(8.0), width=8) == BARS


def test_parts_are_averaged():
    assert spark(np.array([0.0, 2.0, 9.0, 9.0]), width=2) == BARS[0] + BARS[-1]


def test_short_constant_and_missing():
    assert spark(np.array([3.0])) == BARS[0]
    assert spark(np.full(50, 3.0), width=5) == BARS[0] * 5
    assert spark(np.array([0.0, np.nan, 1.0])) == BARS[0] + BARS[-1]
