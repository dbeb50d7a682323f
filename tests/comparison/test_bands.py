"""Bands: what they are made of, what they hold, and when there are none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import stdtrit

from forecastkit.comparison.bands import (
    difference_band,
    error_band,
    joint_quantile,
    skill_band,
    standard_errors,
)
from forecastkit.comparison.resampling import resample
from forecastkit.comparison.significance import ewc

N, H = 80, 4


def drawn(seed=3, n=N, **sizes):
    rng = np.random.default_rng(seed)
    losses = {name: size * rng.normal(size=(n, H)) ** 2 for name, size in sizes.items()}
    return resample(losses, 1, draws=400, rng=rng)


def test_standard_errors_are_those_of_the_test(rng):
    d = rng.normal(size=(N, H)) + 0.2
    errors, degrees = standard_errors(d, np.array([1, 2, 3, 4]))
    for i in range(H):
        test = ewc(d[:, i], i + 1)
        assert errors[i] == pytest.approx(test.standard_error, rel=1e-12)
        assert degrees[i] == test.degrees


def test_difference_by_hand():
    found = drawn(a=1.0, b=1.5)
    band = difference_band(found, "a", "b")
    d = found.losses["a"] - found.losses["b"]
    assert band.estimate == pytest.approx(d.mean(axis=0), rel=1e-12)
    test = ewc(d[:, 2], 3)
    half = stdtrit(test.degrees, 0.95) * test.standard_error
    assert band.upper[2] - band.estimate[2] == pytest.approx(half, rel=1e-9)
    assert band.estimate[2] - band.lower[2] == pytest.approx(half, rel=1e-9)


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_all_horizons_together_need_more_room(level):
    found = drawn(ref=2.0, other=2.1, a=1.0)
    for band in (
        error_band(found, "a", level=level),
        skill_band(found, "a", ("ref", "other"), level=level),
        difference_band(found, "a", "ref", level=level),
    ):
        assert (band.low < band.lower).all()
        assert (band.lower < band.estimate).all()
        assert (band.estimate < band.upper).all()
        assert (band.upper < band.high).all()
        assert band.level == level


def test_errors_stay_positive_and_skill_below_one():
    found = drawn(n=40, ref=1.0, a=1e-3)
    assert (error_band(found, "a").low > 0).all()
    assert (skill_band(found, "a", ("ref",)).high < 1).all()


def test_skill_is_against_the_best_reference_of_each_step():
    rng = np.random.default_rng(0)
    losses = {"one": np.ones((N, 2)) * [4.0, 1.0], "two": np.ones((N, 2)) * [1.0, 9.0]}
    losses = {name: loss + 0.01 * rng.normal(size=(N, 2)) for name, loss in losses.items()}
    losses["a"] = np.full((N, 2), 0.5) + 0.01 * rng.normal(size=(N, 2))
    band = skill_band(resample(losses, 1, draws=99, rng=rng), "a", ("one", "two"))
    assert band.estimate == pytest.approx([0.5, 0.5], abs=0.01)
    assert (band.high - band.low < 0.05).all()


def test_perfect_references_and_perfect_models():
    rng = np.random.default_rng(0)
    losses = {
        "zero": np.zeros((N, 2)),
        "ref": rng.normal(size=(N, 2)) ** 2,
        "a": rng.normal(size=(N, 2)) ** 2,
    }
    found = resample(losses, 1, draws=99, rng=rng)
    assert np.isnan(skill_band(found, "a", ("zero", "ref")).estimate).all()
    assert skill_band(found, "zero", ("ref",)).estimate.tolist() == [1.0, 1.0]
    assert error_band(found, "zero").high.tolist() == [0.0, 0.0]
    assert difference_band(found, "a", "a").high.tolist() == [0.0, 0.0]


def test_too_few_blocks_give_no_band():
    found = drawn(n=19, ref=1.0, a=1.0)
    assert error_band(found, "a") is None
    assert skill_band(found, "a", ("ref",)) is None
    assert difference_band(found, "a", "ref") is None


def test_joint_quantile_of_one_column_is_that_of_the_normal(rng):
    one = rng.normal(size=(20_000, 1))
    assert joint_quantile(one, 0.9) == pytest.approx(1.645, abs=0.03)
    assert joint_quantile(np.repeat(one, 5, axis=1), 0.9) == pytest.approx(joint_quantile(one, 0.9), rel=1e-9)
    assert joint_quantile(rng.normal(size=(20_000, 12)), 0.9) == pytest.approx(2.62, abs=0.05)  # .9^(1/12)
    assert joint_quantile(np.zeros((9, 2)), 0.9) == 0.0


def test_simultaneous_band_covers(rng):
    """Zero difference, MA errors, ten blocks: the band holds at all h in about 90 of 100 series."""
    held = 0
    for _ in range(60):
        paths = rng.normal(size=(2, 66)).cumsum(axis=1)
        rows = [np.array([p[t + 1 : t + 7] - p[t] for t in range(60)]) ** 2 for p in paths]
        found = resample({"a": rows[0], "b": rows[1]}, 1, draws=199, rng=rng)
        band = difference_band(found, "a", "b")
        held += band is None or bool(((band.low <= 0) & (band.high >= 0)).all())
    assert 48 <= held <= 60
