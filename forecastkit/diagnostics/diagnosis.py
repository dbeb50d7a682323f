"""Everything that is worth knowing about a series before it is modelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from forecastkit.arrays import Vector, is_constant
from forecastkit.diagnostics.autocorrelation import (
    Correlogram,
    arch_lm,
    breusch_godfrey,
    correlogram,
    ljung_box,
)
from forecastkit.diagnostics.linearity import LagRegression, bds, linearity_test, regress_on_lags
from forecastkit.diagnostics.outcome import LEVEL, HypothesisTest
from forecastkit.diagnostics.seasonality import (
    FEWEST_CYCLES,
    Cycle,
    decompose,
    find_cycles,
    seasonal_test,
)
from forecastkit.diagnostics.stability import Break, Outlier, find_outliers, mean_break, variance_break
from forecastkit.diagnostics.unit_roots import UnitRoots, look_for_unit_roots
from forecastkit.errors import DataError, MissingValuesError, SeriesTooShortError
from forecastkit.series.series import Series
from forecastkit.series.transforms import Transform

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Nonlinearity = Literal["mean", "variance", "unknown", "none", "untested"]
SHORTEST = 40
MOST_BOOTSTRAPPED = 2000
"""Length above which tests of linearity use their asymptotic distribution."""
MOST_SHUFFLED = 500
"""Length above which the BDS test uses the normal distribution."""
MOST_COMPARED = 5000
"""Residuals, the last ones, that the BDS test compares pair by pair."""
EXACT = 1e-10
SMALLEST_MEMORY = 0.5
"""Differences of what needed none have next to no long-run variance; less than this share is not believed."""


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosis:
    """What tests say about a series; printing it gives the findings in words.

    Args:
        series: what was tested.
        transform: name of the transform that was applied before.
        values: after the transform, shape (T,), or (T - 1,) for changes.
        roots: tests of a unit root and of stationarity.
        fit: autoregression, order by BIC, on the values or (`roots.differ`) on their differences.
        correlogram: of what it was fitted on.
        residual_tests: is autocorrelation left, does the variance depend on the past? Empty where the
            autoregression fits exactly.
        linearity_tests: Tsay, Terasvirta, BDS; empty likewise.
        season: test of the season that the series declares, None where it declares none or is too short.
        strength: share of the variance around the trend that this season explains.
        cycles: lengths after which the series resembles itself, the main one first.
        mean, variance: tests of their stability; of what was fitted on, and of the residuals.
        outliers: positions among the residuals that the autoregression did not expect.
    """

    series: Series
    transform: str
    values: Vector
    roots: UnitRoots
    fit: LagRegression
    correlogram: Correlogram
    residual_tests: tuple[HypothesisTest, ...]
    linearity_tests: tuple[HypothesisTest, ...]
    season: HypothesisTest | None
    strength: float | None
    cycles: tuple[Cycle, ...]
    mean: Break
    variance: Break
    outliers: tuple[Outlier, ...]

    def __repr__(self) -> str:
        from forecastkit.reporting.diagnosis_words import diagnosis_text

        return diagnosis_text(self)

    def _repr_html_(self) -> str:
        from forecastkit.reporting.fragment import diagnosis_fragment

        return diagnosis_fragment(self)

    def plot(self) -> Figure:
        """Draw autocorrelations and partial autocorrelations with their bands."""
        from forecastkit.reporting.diagnosis_figures import draw_correlogram

        return draw_correlogram(self)

    @property
    def exact(self) -> bool:
        """Whether the autoregression fits without noise, so that nothing is left to test."""
        return not self.residual_tests

    @property
    def nonlinearity(self) -> Nonlinearity:
        """Where a network could find what the autoregression does not, at 5 % for each pair of tests.

        "mean": Tsay or Terasvirta rejects. "variance": only BDS does, and the variance depends on the past.
        "unknown": only BDS does. "none": no test rejects. "untested": there is no test.
        """
        mean = [test.p_value for test in self.linearity_tests[:2] if test.p_value is not None]
        independence = [test.p_value for test in self.linearity_tests[2:] if test.p_value is not None]
        if not mean or not independence:
            return "untested"
        if min(mean) * len(mean) < LEVEL:
            return "mean"
        if min(independence) * len(independence) < LEVEL:
            return "variance" if self.arch.rejected else "unknown"
        return "none"

    @property
    def arch(self) -> HypothesisTest:
        """Test of a variance that depends on the past."""
        return self.residual_tests[-1]

    def position(self, of_residual: int) -> int:
        """Turn a position among the residuals into one in the series."""
        return of_residual + len(self.series) - len(self.fit.residuals)


def diagnose_series(
    series: Series,
    transform: Transform,
    *,
    order: Callable[[Vector], int],
    rng: np.random.Generator,
) -> Diagnosis:
    """Test a series for unit roots, autocorrelation, season, nonlinearity, breaks and outliers.

    Args:
        series: at least 40 values.
        transform: applied before.
        order: chooses the order of an autoregression for values (T,).
        rng: for bootstrap p-values.

    Raises:
        DataError: the series is constant, or a value does not suit the transform.
        SeriesTooShortError: fewer than 40 values.
        MissingValuesError: a value is missing.
    """
    missing = int(np.isnan(series.values).sum())
    if missing:
        raise MissingValuesError(
            f"Series {series.name!r} keeps {missing} missing values, which these tests cannot step over. "
            "Load it with missing='interpolate' (--missing interpolate)."
        )
    values = transform.fit(series.values, series.period).forward(series.values)
    if len(values) < SHORTEST:
        raise SeriesTooShortError(
            f"Series {series.name!r} leaves {len(values)} values to diagnose; {SHORTEST} are needed. Give a "
            "longer one."
        )
    if is_constant(values):
        raise DataError(
            f"Series {series.name!r} is constant, so there is nothing to diagnose. Give one that varies."
        )
    # Small factorisations gain nothing from a second thread, and wait for it on a busy machine.
    with threadpool_limits(limits=1, user_api="blas"):
        return _diagnosed(series, transform, values, order, rng)


def _diagnosed(
    series: Series,
    transform: Transform,
    values: Vector,
    order: Callable[[Vector], int],
    rng: np.random.Generator,
) -> Diagnosis:
    roots = look_for_unit_roots(values)
    worked = np.diff(values) if roots.differ and not is_constant(np.diff(values)) else values
    fit = regress_on_lags(worked, min(order(worked), (len(worked) - 31) // 2))
    exact = float(np.std(fit.residuals)) <= EXACT * float(np.std(values))
    seasonal = series.period > 1 and len(values) >= FEWEST_CYCLES * series.period
    return Diagnosis(
        series=series,
        transform=transform.name,
        values=values,
        roots=roots,
        fit=fit,
        correlogram=correlogram(worked, _shown_lags(len(worked), series.period)),
        residual_tests=() if exact else _residual_tests(fit, series.period),
        linearity_tests=() if exact else _linearity_tests(fit, rng),
        season=seasonal_test(worked, series.period) if seasonal else None,
        strength=decompose(values, series.period).strength if seasonal else None,
        cycles=find_cycles(worked),
        mean=mean_break(worked, memory=_memory(fit)),
        variance=variance_break(fit.residuals),
        outliers=() if exact else find_outliers(fit.residuals),
    )


def pooled_lags(n: int, period: int) -> int:
    """Lags that tests of residuals pool: min(10, n // 5), with a season min(2 m, n // 5)."""
    return min(2 * period if period > 1 else 10, n // 5)


def _shown_lags(n: int, period: int) -> int:
    return max(1, min(max(24, 2 * period + 2), n // 3, 120))


def _residual_tests(fit: LagRegression, period: int) -> tuple[HypothesisTest, ...]:
    n = len(fit.residuals)
    pooled = pooled_lags(n, period)
    further = min(max(10, pooled), max(1, (n - fit.p - 1) // 4))
    return (
        ljung_box(fit.residuals, max(pooled, fit.p + 5), fitted=fit.p),
        breusch_godfrey(fit.residuals, fit.design, further),
        breusch_godfrey(fit.residuals, fit.design, further, form="robust"),
        arch_lm(fit.residuals, max(1, min(5, (n - 4) // 2))),
    )


def _linearity_tests(fit: LagRegression, rng: np.random.Generator) -> tuple[HypothesisTest, ...]:
    n = len(fit.residuals)
    drawn = rng if n <= MOST_BOOTSTRAPPED else None
    tsay = linearity_test(fit, "tsay", form="robust", rng=drawn)
    terasvirta = linearity_test(fit, "terasvirta", form="robust", rng=drawn)
    independence = bds(fit.residuals[-MOST_COMPARED:], rng=rng if n <= MOST_SHUFFLED else None)
    return (tsay, terasvirta, *independence)


def _memory(fit: LagRegression) -> float:
    """Long-run deviation of an autoregression as a multiple of the deviation of its values."""
    left = abs(1 - float(fit.coefficients[1:].sum()))
    ratio = float(np.std(fit.residuals) / np.std(fit.values))
    return max(ratio / left, SMALLEST_MEMORY) if left > 0 else np.inf
