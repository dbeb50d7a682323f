"""What one autoregression says of a series: coefficients, roots, memory, how far it sees, what it leaves."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from forecastkit.arrays import Matrix, Vector, check_vector, is_constant
from forecastkit.diagnostics.autocorrelation import Correlogram, correlogram
from forecastkit.diagnostics.outcome import HypothesisTest
from forecastkit.diagnostics.stationarity import adf
from forecastkit.errors import DataError, SeriesTooShortError
from forecastkit.models._ar_residuals import residual_tests
from forecastkit.models.lags import Criterion, select_lags
from forecastkit.series.recursions import psi_weights
from forecastkit.series.transforms import find_transform
from forecastkit.series.windows import lag_matrix
from forecastkit.sources.objects import as_series

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SATURATED = 0.95
"""Share of the variance of the process at which nothing is left to predict."""
FARTHEST = 10_000
SHORTEST = 30
SHOWN: tuple[Criterion, ...] = ("aic", "bic", "hqic")


@dataclass(frozen=True, slots=True)
class Coefficient:
    """An estimate with its standard errors.

    Args:
        name: "constant" or "lag 1", ...
        estimate: by least squares.
        error: standard error if residuals are independent of equal variance.
        hac_error: Newey-West, floor(4 (N / 100)^(2 / 9)) lags, which also holds where they are not.
        p_value: of estimate / hac_error, two-sided, normal.
    """

    name: str
    estimate: float
    error: float
    hac_error: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Root:
    """An inverse root of 1 - sum of phi_i z^i, of a pair that with a positive imaginary part.

    Args:
        real, imaginary: its parts.
        modulus: below 1 for a stationary process.
        cycle: length of the cycle in observations, None for a positive real root.
    """

    real: float
    imaginary: float
    modulus: float
    cycle: float | None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ArDiagnosis:
    """One autoregression, taken apart.

    Args:
        n: observations; rows: of the regression.
        p: order.
        differenced: first differences were modelled.
        constant: whether one was estimated.
        coefficients: constant, where there is one, and lags.
        sigma: standard deviation of the innovations, degrees of freedom counted.
        roots: largest modulus first.
        impulse: effect of one shock after 0, 1, ... steps on what was modelled, shape (H + 1,).
        error: standard deviation of the h-step error of the series itself, shape (H,), h = 1..H.
        spread: standard deviation of the process, None where it has none (differences, or not stationary).
        orders: criteria by order 0..: {"aic": (m + 1,), ...}.
        tests: of the residuals.
        correlogram: of what was modelled.
    """

    n: int
    rows: int
    p: int
    differenced: bool
    constant: bool
    coefficients: tuple[Coefficient, ...]
    sigma: float
    roots: tuple[Root, ...]
    impulse: Vector
    error: Vector
    spread: float | None
    orders: dict[Criterion, Vector]
    tests: tuple[HypothesisTest, ...]
    correlogram: Correlogram

    @property
    def phi(self) -> Vector:
        """Coefficients of the lags, shape (p,)."""
        return np.array([c.estimate for c in self.coefficients if c.name != "constant"])

    @property
    def modulus(self) -> float:
        """Modulus of the largest inverse root, 0 for order 0."""
        return max((root.modulus for root in self.roots), default=0.0)

    @property
    def half_life(self) -> float | None:
        """Steps after which a shock has lost half its size, ln .5 / ln modulus; None where it does not."""
        return float(np.log(0.5) / np.log(self.modulus)) if 0 < self.modulus < 1 else None

    @property
    def limit(self) -> int | None:
        """First h at which the error variance reaches 95 % of that of the process; None where it never does.

        No linear model can be of use beyond it.
        """
        if self.spread is None:
            return None
        reached = np.cumsum(psi_weights(self.phi, FARTHEST) ** 2) * self.sigma**2
        beyond = np.flatnonzero(reached >= SATURATED * self.spread**2)
        return int(beyond[0]) + 1 if len(beyond) else None

    def to_dict(self) -> dict[str, Any]:
        """Everything, with plain names."""
        content = {
            name: getattr(self, name)
            for name in ("n", "rows", "p", "differenced", "constant", "sigma", "spread")
        }
        content |= {
            name: getattr(self, name) for name in ("modulus", "half_life", "limit", "impulse", "error")
        }
        content["coefficients"] = [asdict(c) for c in self.coefficients]
        content["roots"] = [asdict(root) for root in self.roots]
        content["orders"] = dict(self.orders)
        content["residual_tests"] = [asdict(test) for test in self.tests]
        content["acf"], content["pacf"] = self.correlogram.acf, self.correlogram.pacf
        content["white_noise_band"] = self.correlogram.white_noise_band
        return content

    def __repr__(self) -> str:
        from forecastkit.reporting.ar_words import ar_text

        return ar_text(self)

    def plot(self, *, width: Literal["wide", "narrow"] = "wide") -> Figure:
        """Draw the impulse response and the error curve, a matplotlib Figure."""
        from forecastkit.reporting.ar_figure import draw_memory

        return draw_memory(self, width=width)


def diagnose_ar(
    series: Any,
    *,
    transform: str | None = None,
    period: int | None = None,
    p: int | None = None,
    difference: bool | None = None,
    constant: bool | None = None,
    horizon: int = 24,
) -> ArDiagnosis:
    """Estimate one autoregression on a whole series and take it apart.

    Args:
        series: a Series, a pandas Series or a one-dimensional array; covariates are left out.
        transform: as in `backtest`; what it makes of the values is modelled.
        period: season length, by default that of the series; decides how many lags residual tests pool and
            how many are shown.
        p: order; by BIC where None.
        difference: model first differences; where None, if the ADF test (5 %) finds a unit root in what are
            no changes already.
        constant: estimate one; where None, unless differences are modelled.
        horizon: H of the impulse response and the error curve.

    Raises:
        SeriesTooShortError: fewer than 30 values, or fewer rows than the order needs.
        DataError: the series, or its differences, are constant.
    Source: estimates and both kinds of standard errors are those of statsmodels `OLS`.

    Example:
        >>> import forecastkit as fk
        >>> round(diagnose_ar(fk.load("sunspots"), p=2, difference=False).roots[0].cycle, 1)
        10.9
    """
    data = as_series(series)
    period = data.period if period is None else period
    chosen = find_transform(data.default_transform if transform is None else transform)
    y = check_vector(chosen.fit(data.values, period).forward(data.values), "The series of an AR diagnosis")
    difference = False if difference is None and chosen.changes else difference
    needed = max(SHORTEST, 3 * (p or 0) + 12)
    if len(y) < needed:
        raise SeriesTooShortError(
            f"An AR diagnosis was given {len(y)} values; {needed} are needed. Give a longer series or a "
            "lower order."
        )
    differenced = (not is_constant(y) and not adf(y).rejected) if difference is None else difference
    constant = not (differenced or chosen.changes) if constant is None else constant
    x = np.diff(y) if differenced else np.asarray(y)
    if is_constant(x):
        what = "differences are" if differenced else "series is"
        raise DataError(f"The {what} constant: there is nothing to estimate. Give a series that varies.")
    orders = {ic: select_lags(x, constant=constant, criterion=ic).criterion for ic in SHOWN}
    p = select_lags(x, constant=constant).p if p is None else p
    design = _design(x, p, constant=constant)
    coefficients, residuals = _inference(x[p:], design, constant=constant)
    phi = np.array([c.estimate for c in coefficients if c.name != "constant"])
    sigma = float(np.sqrt(residuals @ residuals / (len(residuals) - design.shape[1])))
    roots = _roots(phi)
    stationary = not differenced and max((root.modulus for root in roots), default=0.0) < 1
    psi = psi_weights(phi, horizon + 1)
    effect = np.cumsum(psi) if differenced else psi
    return ArDiagnosis(
        n=len(y),
        rows=len(residuals),
        p=p,
        differenced=differenced,
        constant=constant,
        coefficients=coefficients,
        sigma=sigma,
        roots=roots,
        impulse=psi,
        error=sigma * np.sqrt(np.cumsum(effect[:horizon] ** 2)),
        spread=_process_deviation(phi, sigma) if stationary else None,
        orders=orders,
        tests=residual_tests(residuals, design, p, period),
        correlogram=correlogram(x, max(1, min(max(24, 2 * period + 2), len(x) // 3, 120))),
    )


def _design(x: Vector, p: int, *, constant: bool) -> Matrix:
    columns = [np.ones((len(x) - p, 1))] if constant else []
    return np.hstack([*columns, lag_matrix(x, p)])


def _inference(target: Vector, design: Matrix, *, constant: bool) -> tuple[tuple[Coefficient, ...], Vector]:
    """Least squares with plain and heteroskedasticity- and autocorrelation-consistent standard errors."""
    if design.shape[1] == 0:
        return (), target
    from statsmodels.regression.linear_model import OLS

    fit = OLS(target, design).fit()
    lags = int(4 * (len(target) / 100) ** (2 / 9))
    robust = fit.get_robustcov_results("HAC", maxlags=lags, use_correction=True, use_t=False)
    names = (["constant"] if constant else []) + [
        f"lag {i}" for i in range(1, design.shape[1] + 1 - constant)
    ]
    found = tuple(
        Coefficient(name, float(b), float(plain), float(hac), float(p_value))
        for name, b, plain, hac, p_value in zip(
            names, fit.params, fit.bse, robust.bse, robust.pvalues, strict=True
        )
    )
    return found, np.asarray(fit.resid)


def _roots(phi: Vector) -> tuple[Root, ...]:
    if not phi.any():
        return ()
    upper = [z for z in np.roots(np.concatenate([[1.0], -phi])) if z.imag >= 0]
    ordered = sorted(upper, key=lambda z: -abs(z))
    return tuple(
        Root(
            float(z.real),
            float(z.imag),
            float(abs(z)),
            float(2 * np.pi / np.angle(z)) if np.angle(z) > 1e-9 else None,
        )
        for z in ordered
    )


def _process_deviation(phi: Vector, sigma: float) -> float | None:
    """Standard deviation of the process, None where the weights do not die out in sight."""
    psi = psi_weights(phi, FARTHEST)
    return float(sigma * np.sqrt(np.sum(psi**2))) if abs(psi[-1]) < 1e-6 else None
