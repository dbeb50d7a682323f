"""The engine: factors of windows, nested sums, coefficients, and bits that never depend on other windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecastkit.models import _rolling_ols
from forecastkit.models._rolling_ols import (
    estimate,
    first_factor,
    gram_factors,
    nested_sums,
    rolling_factors,
    rotate,
)
from forecastkit.series.windows import lag_matrix


def rows_like(seed: int, n: int = 80, k: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, k))


def unsigned(factor: np.ndarray) -> np.ndarray:
    """A factor with a positive diagonal: there is one only."""
    return factor * np.where(np.diag(factor) < 0, -1.0, 1.0)[:, None]


def lagged(values: np.ndarray, m: int) -> np.ndarray:
    return np.column_stack([np.ones(len(values) - m), lag_matrix(values, m), values[m:]])


@st.composite
def windows(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Windows of rising position, of one length or growing, now and then shorter than the columns."""
    steps = draw(st.lists(st.integers(0, 9), min_size=1, max_size=12))
    length = draw(st.integers(2, 40))
    stops = np.minimum(length + np.cumsum([0, *steps]), 80)
    starts = np.zeros_like(stops) if draw(st.booleans()) else stops - length
    return starts, stops


class TestFactors:
    @given(windows(), st.integers(0, 1000))
    def test_every_window_has_its_own_gram_matrix(self, where, seed):
        rows = rows_like(seed)
        factors = rolling_factors(rows, *where)
        assert np.array_equal(factors, np.triu(factors))
        for factor, start, stop in zip(factors, *where, strict=True):
            part = rows[start:stop]
            assert factor.T @ factor == pytest.approx(part.T @ part, abs=1e-12 * (stop - start))

    @given(windows(), st.integers(0, 1000), st.sampled_from([1e9, np.nan]))
    def test_a_later_row_changes_no_bit(self, where, seed, poison):
        starts, stops = where
        rows = rows_like(seed)
        before = rolling_factors(rows, starts, stops)
        middle = len(stops) // 2
        rows[stops[middle] :] = poison
        after = rolling_factors(rows, starts, stops)
        assert after[: middle + 1].tobytes() == before[: middle + 1].tobytes()

    def test_rows_of_zeros_leave_a_factor_as_it_is(self):
        factor = rotate(np.zeros((6, 6)), rows_like(1))
        assert np.array_equal(rotate(factor, np.zeros((3, 6))), factor)

    def test_more_rows_than_go_in_one_call(self):
        rows = rows_like(2, n=2 * _rolling_ols.CHUNK + 7)
        expected = unsigned(np.linalg.qr(rows, mode="r"))
        assert unsigned(rotate(np.zeros((6, 6)), rows)) == pytest.approx(expected, abs=1e-12)

    def test_a_known_first_factor_is_taken_over(self):
        rows = rows_like(3)
        starts, stops = np.zeros(3, dtype=int), np.array([40, 50, 80])
        begin = rotate(np.zeros((6, 6)), rows[:40])
        assert np.array_equal(
            rolling_factors(rows, starts, stops, begin=begin), rolling_factors(rows, starts, stops)
        )


class TestCheapStart:
    @pytest.mark.parametrize("constant", [True, False])
    def test_equals_the_factor_of_the_rows(self, constant):
        values = np.random.default_rng(4).normal(size=(3, 300)).cumsum(axis=1)
        values = (values - values.mean(axis=1, keepdims=True)) / values.std(axis=1, keepdims=True)
        factors, trusted = gram_factors(values, 5, constant=constant)
        assert trusted.all()
        for one, factor in zip(values, factors, strict=True):
            rows = lagged(one, 5)[:, 0 if constant else 1 :]
            assert factor == pytest.approx(unsigned(np.linalg.qr(rows, mode="r")), rel=1e-8, abs=1e-9)

    def test_what_loses_digits_is_not_trusted(self):
        t = np.arange(500.0)
        noise = np.random.default_rng(5).normal(size=500)
        series = np.stack([noise, np.sin(t / 9) + 1e-6 * noise, np.sin(t / 9), np.zeros(500)])
        assert gram_factors(series, 8, constant=True)[1].tolist() == [True, False, False, False]

    def test_rows_are_laid_out_only_where_they_are_needed(self):
        noise = np.random.default_rng(6).normal(size=_rolling_ols.MANY + 8)
        asked = []

        def rows(values: np.ndarray) -> np.ndarray:
            asked.append(len(values))
            return lagged(values, 3)

        for values in (noise, noise[:500], np.sin(np.arange(len(noise)) / 40)):
            first_factor(values, 3, constant=True, rows=lambda values=values: rows(values))
        assert asked == [500, len(noise)]


class TestEstimates:
    def test_sums_of_nested_models_are_those_of_least_squares(self):
        rows = rows_like(7)
        sums = nested_sums(rotate(np.zeros((6, 6)), rows), np.arange(6))
        for k in range(6):
            residuals = rows[:, -1] - rows[:, :k] @ np.linalg.lstsq(rows[:, :k], rows[:, -1])[0]
            assert sums[k] == pytest.approx(residuals @ residuals, rel=1e-12)

    def test_coefficients_with_rows_beyond_the_factor(self):
        """Two windows of one size and one of another, which skips the first of three extra rows."""
        rows, extra = rows_like(8), rows_like(9, n=3)
        starts, stops = np.zeros(3, dtype=int), np.array([50, 60, 80])
        sizes, skipped = np.array([2, 4, 2]), np.array([0, 1, 0])
        factors = rolling_factors(rows, starts, stops)
        found, ssr = estimate(factors, sizes, extra[None], skipped)
        for i in range(3):
            own = np.concatenate([rows[: stops[i]], extra[skipped[i] :]])
            design = own[:, : sizes[i]]
            expected = np.linalg.lstsq(design, own[:, -1])[0]
            assert found[i, : sizes[i]] == pytest.approx(expected, rel=1e-10)
            assert found[i, sizes[i] :].tolist() == [0.0] * (5 - sizes[i])
            assert ssr[i] == pytest.approx(np.sum((own[:, -1] - design @ expected) ** 2), rel=1e-10)

    @pytest.mark.parametrize("repeated", [1, 2, 3])
    def test_columns_that_repeat_others_share_what_they_give(self, repeated):
        """The smallest of the coefficients that fit alike, as `lstsq` answers."""
        rows = rows_like(10)
        rows[:, repeated] = rows[:, 0] * 2
        found, ssr = estimate(rotate(np.zeros((6, 6)), rows)[None], np.array([5]))
        expected = np.linalg.lstsq(rows[:, :5], rows[:, -1])[0]
        assert found[0] == pytest.approx(expected, rel=1e-10)
        assert ssr[0] == pytest.approx(np.sum((rows[:, -1] - rows[:, :5] @ expected) ** 2), rel=1e-10)

    @given(st.lists(st.integers(0, 5), min_size=3, max_size=9), st.integers(0, 5))
    def test_what_other_windows_choose_changes_no_bit(self, sizes, other):
        rows = rows_like(11)
        stops = np.arange(40, 40 + len(sizes))
        factors = rolling_factors(rows, np.zeros_like(stops), stops)
        extra, before = rows_like(12, n=5)[None], np.array(sizes)
        after = before.copy()
        after[2:] = other
        one = estimate(factors, before, extra, before)
        two = estimate(factors, after, extra, after)
        assert one[0][:2].tobytes() == two[0][:2].tobytes()
        assert one[1][:2].tobytes() == two[1][:2].tobytes()
