"""All horizons together: the reference statistics, size on a small scale, and what cannot be tested."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.comparison.adjustment import holm
from forecastkit.comparison.multihorizon import step_down, superior_ability
from forecastkit.comparison.resampling import resample
from forecastkit.comparison.significance import ewc


def test_statistics_agree_with_the_reference(reference, rng):
    known = reference("inference_misc")["multi_horizon"]
    d = np.array(known["loss_diff_columns_by_h"]).T
    found = superior_ability(np.zeros_like(d), d, rng=rng)
    assert found.t == pytest.approx(known["t_by_h"], rel=1e-8)
    assert found.uniform == pytest.approx(known["uSPA"], rel=1e-8)
    assert found.average == pytest.approx(known["aSPA"], rel=1e-8)
    assert found.uniform_p > 0.5
    assert found.average_p < 0.1
    assert found.block >= 6


def test_better_everywhere_and_better_on_average(rng):
    other = 2 + rng.normal(size=(120, 3))
    throughout = superior_ability(other - 1 + 0.5 * rng.normal(size=(120, 3)), other, rng=rng)
    assert max(throughout.uniform_p, throughout.average_p) < 0.01
    mixed = other + np.array([-1.0, -1.0, 0.5]) + 0.5 * rng.normal(size=(120, 3))
    found = superior_ability(mixed, other, rng=rng)
    assert found.uniform_p > 0.5
    assert found.average_p < 0.01
    last = superior_ability(mixed, other, weights=np.array([0.0, 0.0, 1.0]), rng=rng)
    assert last.average == pytest.approx(last.t[2], rel=1e-9)


def test_nothing_to_test(rng):
    d = rng.normal(size=(20, 6))
    few = superior_ability(d, 0 * d, rng=rng)
    assert (few.uniform_p, few.average_p) == (None, None)
    assert few.reason.startswith("20 origins are fewer than 5 blocks of")
    same = superior_ability(np.ones((60, 2)), np.ones((60, 2)), rng=rng)
    assert (same.uniform_p, same.reason) == (None, "a differential does not vary")


class TestStepDown:
    def drawn(self, shift, n=120, seed=1):
        rng = np.random.default_rng(seed)
        common = rng.normal(size=(n, 1))
        losses = {"ref": 3 + common + 0.3 * rng.normal(size=(n, len(shift)))}
        losses["a"] = 3 - common + 0.3 * rng.normal(size=(n, len(shift))) + np.array(shift)
        return resample(losses, 1, draws=999, rng=rng)

    def test_claims_what_is_better(self):
        p = step_down(self.drawn([-2.0, 0.0, -2.0, 0.0]), "a", ["ref"])
        assert (p[[0, 2]] < 0.01).all()
        assert (p[[1, 3]] > 0.05).all()

    def test_two_sided_sees_the_worse_too(self):
        found = self.drawn([-2.0, 2.0])
        assert (step_down(found, "a", ["ref"], two_sided=True) < 0.01).all()
        assert step_down(found, "a", ["ref"])[1] > 0.9

    def test_loses_less_than_holm_where_horizons_move_together(self):
        found = self.drawn([-0.25] * 6)
        d = found.losses["a"] - found.losses["ref"]
        one_by_one = np.array([ewc(d[:, i], i + 1, alternative="less").p_value for i in range(6)])
        assert step_down(found, "a", ["ref"]).max() < holm(one_by_one).max()

    def test_every_reference_has_to_be_beaten(self):
        found = self.drawn([-2.0, -2.0])
        losses = {
            **found.losses,
            "hard": found.losses["a"] - 1 + np.random.default_rng(0).normal(size=(120, 2)),
        }
        both = resample(losses, 1, rng=np.random.default_rng(0))
        assert (step_down(both, "a", ["ref", "hard"]) > 0.5).all()

    def test_order_is_kept_and_none_is_zero(self):
        p = step_down(self.drawn([-3.0, -1.0, 0.0, 1.0]), "a", ["ref"])
        assert (np.diff(p) >= 0).all()
        assert p.min() == pytest.approx(0.001)

    def test_too_few_blocks(self):
        assert np.isnan(step_down(self.drawn([0.0] * 12, n=30), "a", ["ref"])).all()
