"""Blocks of origins: how they are drawn and how long they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecastkit.comparison.resampling import politis_white, resample, stationary_counts, stationary_rows


@given(st.integers(1, 60), st.floats(1, 20), st.integers(0, 1000))
def test_every_draw_is_a_whole_set_in_blocks(n, block, seed):
    rows = stationary_rows(n, block, 7, np.random.default_rng(seed))
    assert rows.shape == (7, n)
    assert ((rows >= 0) & (rows < n)).all()
    counts = stationary_counts(n, block, 7, np.random.default_rng(seed))
    assert (counts.sum(axis=1) == n).all()
    assert (counts == [np.bincount(row, minlength=n) for row in rows]).all()


def test_blocks_have_the_mean_length_asked_for():
    rows = stationary_rows(1000, 8.0, 200, np.random.default_rng(1))
    broken = np.diff(rows, axis=1) % 1000 != 1
    assert 1 / broken.mean() == pytest.approx(8.0, rel=0.03)
    assert stationary_counts(1000, 8.0, 200, np.random.default_rng(1)).mean(axis=0) == pytest.approx(
        1, abs=0.5
    )


def test_politis_white_agrees_with_arch(reference):
    known = reference("arch_multiple")
    expected = known["optimal_block_length"]["stationary"]
    assert politis_white(np.array(known["losses"])) == pytest.approx(expected, rel=1e-8)


def test_politis_white_of_long_memory_and_of_constants_agrees_with_arch(rng):
    from arch.bootstrap import optimal_block_length

    columns = np.column_stack([rng.normal(size=150).cumsum(), rng.normal(size=150)])
    theirs = optimal_block_length(columns)["stationary"].to_numpy()
    assert politis_white(columns) == pytest.approx(theirs, rel=1e-8)
    assert np.isnan(politis_white(np.ones((50, 1)))).all()


class TestResample:
    def losses(self, n, horizon=3, models=2):
        rng = np.random.default_rng(4)
        return {f"m{i}": rng.normal(size=(n, horizon)) ** 2 for i in range(models)}

    def test_rows_are_drawn_together(self, rng):
        losses = self.losses(60)
        losses["double"] = 2 * losses["m0"]
        drawn = resample(losses, 1, draws=50, rng=rng)
        assert drawn.averages["double"] == pytest.approx(2 * drawn.averages["m0"], rel=1e-12)
        assert (drawn.draws, drawn.n, drawn.reason) == (50, 60, "")
        assert drawn.averages["m1"].mean(axis=0) == pytest.approx(losses["m1"].mean(axis=0), rel=0.1)

    def test_blocks_are_at_least_as_long_as_errors_overlap(self, rng):
        assert resample(self.losses(60, horizon=12), 1, rng=rng).block >= 12
        assert resample(self.losses(60, horizon=12), 4, rng=rng).block < 12
        assert (
            resample(self.losses(60, horizon=12), 4, rng=rng).overlaps.tolist() == [1] * 4 + [2] * 4 + [3] * 4
        )

    def test_fewer_than_five_blocks_are_not_resampled(self, rng):
        drawn = resample(self.losses(59, horizon=12), 1, rng=rng)
        assert (drawn.draws, drawn.averages["m0"].shape) == (0, (0, 12))
        assert drawn.reason == "59 origins hold 4.9 blocks of 12, and 5 are needed for bands"

    @pytest.mark.parametrize("n", [0, 1, 9])
    def test_fewer_than_ten_origins_are_not_resampled(self, n, rng):
        assert resample(self.losses(n, horizon=1), 1, rng=rng).draws == 0

    def test_constants_and_infinities(self, rng):
        flat = {"a": np.ones((30, 2)), "b": np.zeros((30, 2))}
        assert resample(flat, 1, draws=9, rng=rng).averages["a"].tolist() == [[1.0, 1.0]] * 9
        flat["b"][3, 1] = np.inf
        assert resample(flat, 1, draws=9, rng=rng).draws == 0

    def test_the_seed_decides(self):
        one, two, three = (
            resample(self.losses(40), 1, draws=5, rng=np.random.default_rng(s)).averages["m0"]
            for s in (1, 1, 2)
        )
        assert (one == two).all()
        assert not (one == three).all()
