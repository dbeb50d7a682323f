"""One network, what networks give on average, and their mean forecast."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.comparison.resampling import resample
from forecastkit.comparison.seed_noise import seed_noise

N, H, S = 120, 2, 4


def made(offsets, ar=1.0, n=N):
    """Errors of S networks around a common one, the offsets being constants added per seed."""
    rng = np.random.default_rng(3)
    common = rng.normal(size=(n, H))
    errors = np.stack([common + offset for offset in offsets])
    losses = {"lstm": errors.mean(axis=0) ** 2, "ar": ar * rng.normal(size=(n, H)) ** 2}
    return errors**2, resample(losses, 1, draws=300, rng=rng)


def test_three_things_apart(rng):
    members, drawn = made([0.0, 0.5, -0.5, 1.0])
    found = seed_noise(members, drawn, "lstm", "ar", rng)
    averages = members.mean(axis=1)
    assert found.single.tolist() == averages[0].tolist()
    assert found.expected == pytest.approx(averages.mean(axis=0), rel=1e-12)
    assert found.ensemble == pytest.approx(drawn.losses["lstm"].mean(axis=0), rel=1e-12)
    assert (found.ensemble <= found.expected).all()  # Jensen
    assert found.spread.tolist() == [averages.min(axis=0).tolist(), averages.max(axis=0).tolist()]
    assert found.between == pytest.approx(averages.std(axis=0, ddof=1), rel=1e-12)
    assert found.seeds == S


@pytest.mark.parametrize(("ar", "low", "high"), [(9.0, 0.95, 1.0), (0.1, 0.0, 0.05), (1.25, 0.1, 0.9)])
def test_chance_that_a_new_seed_beats_the_ar(ar, low, high, rng):
    members, drawn = made([0.0, 0.3, -0.3, 0.6], ar=ar)
    found = seed_noise(members, drawn, "lstm", "ar", rng)
    assert ((found.beats_ar >= low) & (found.beats_ar <= high)).all()


def test_two_levels_are_wider_than_origins_alone(rng):
    far, near = ([0.0, 1.0, -1.0, 2.0], [0.0, 1e-9, -1e-9, 2e-9])
    widths = []
    for offsets in (far, near):
        members, drawn = made(offsets)
        low, high = seed_noise(members, drawn, "lstm", "ar", rng).difference
        assert (low < high).all()
        widths.append(high - low)
    assert (widths[0] > 2 * widths[1]).all()


def test_equal_seeds_are_sure(rng):
    members, drawn = made([0.0, 0.0, 0.0], ar=100.0)
    assert seed_noise(members, drawn, "lstm", "ar", rng).beats_ar.tolist() == [1.0, 1.0]


def test_without_ar_or_blocks(rng):
    members, drawn = made([0.0, 0.5])
    alone = seed_noise(members, drawn, "lstm", None, rng)
    assert (alone.difference, alone.beats_ar) == (None, None)
    members, few = made([0.0, 0.5], n=9)
    found = seed_noise(members, few, "lstm", "ar", rng)
    assert found.difference is None
    assert found.beats_ar.shape == (H,)
