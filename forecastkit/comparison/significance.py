"""Is one forecast more accurate than another at horizon h, beyond luck?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

import numpy as np
from scipy.special import ndtr, stdtr

from forecastkit.arrays import Matrix, Vector
from forecastkit.backtesting.plan import FEWEST_ORIGINS
from forecastkit.comparison.variance import bartlett, cosine, periodogram, rectangular
from forecastkit.errors import PlanError, nearest

Alternative = Literal["less", "greater", "two-sided"]
Losses = TypeVar("Losses", Vector, Matrix)
SMALL_SAMPLE = 100


@dataclass(frozen=True, slots=True)
class AccuracyTest:
    """Test of H0: the mean loss differential is zero.

    Where none could be made, the numbers are None and `reason` says why.

    Args:
        method: "EWC", "DM-HLN", "Newey-West" or "EWP".
        statistic, p_value, degrees: of the t statistic; 0 degrees where it is compared with the normal one.
        n: loss differentials.
        reason: why there is no test, or what is special about it ("identical", "negative variance:
            Bartlett").
        standard_error: of the mean differential, None where it is not known.
    """

    method: str
    statistic: float | None
    p_value: float | None
    degrees: int
    n: int
    reason: str = ""
    standard_error: float | None = None


def overlap(h: int, step: int) -> int:
    """Count neighbouring errors that share targets, plus one: ceil(h / step), the h of every formula.

    Example:
        >>> overlap(12, 1), overlap(12, 5)
        (12, 3)
    """
    return -(-h // step)


def loss_differential(loss: Losses, other: Losses) -> Losses:
    """Subtract losses, taking for equal what differs by rounding only: 1e-10 of their mean.

    An AR of order 0 is the mean computed in another way; without this, a test would judge the last bits.

    Args:
        loss: of A by origin, shape (N,), or (N, H) for all h.
        other: of B, the same origins.

    Returns:
        loss of A minus loss of B, of the same shape; negative favours A.

    Example:
        >>> loss_differential(np.array([1.0, 2.0]), np.array([1.0 + 1e-15, 1.0])).tolist()
        [0.0, 1.0]
    """
    differential = loss - other
    rounding = 1e-10 * np.mean(loss + other, axis=0) if len(loss) else 0.0
    return cast(Losses, np.where(np.abs(differential) <= rounding, 0.0, differential))


def equal_accuracy(
    differential: Vector,
    h: int,
    step: int = 1,
    alternative: Alternative = "two-sided",
    *,
    estimator: str = "default",
) -> AccuracyTest:
    """Test a loss differential by a method of the house, or by one that is named.

    Args:
        differential: loss of A minus loss of B by origin, shape (N,), in time order; negative favours A.
        h: steps ahead.
        step: observations between two origins.
        alternative: "less" asks whether A is better.
        estimator: "default" is "dm-hln" where nothing overlaps and there are fewer than 100 origins, else
            "ewc"; the others of `ESTIMATORS` are "bartlett", "newey-west" and "ewp".

    Raises:
        PlanError: no estimator has this name.
    Source: measured sizes at nominal 5 % are .041 to .064 for EWC and up to .157 for DM-HLN at N = 60, h =
        24.
    """
    if estimator == "default":
        small = overlap(h, step) == 1 and len(differential) < SMALL_SAMPLE
        estimator = "dm-hln" if small else "ewc"
    if estimator not in ESTIMATORS:
        raise PlanError(
            f"There is no estimator {estimator!r}. {nearest(estimator, ('default', *ESTIMATORS))}"
        )
    return ESTIMATORS[estimator](differential, h, step, alternative)


def diebold_mariano(
    differential: Vector,
    h: int,
    step: int = 1,
    alternative: Alternative = "two-sided",
    *,
    weights: Literal["rectangular", "bartlett"] = "rectangular",
) -> AccuracyTest:
    """Diebold-Mariano test with the small-sample factor of Harvey, Leybourne and Newbold.

    dbar / sqrt(V / N) * sqrt((N - k)(N - k + 1)) / N against t with N - 1 degrees, k = ceil(h / step),
    V = g_0 + 2 * sum over j < k of w_j g_j with g_j divided by N and w_j = 1, or 1 - j / k for Bartlett.
    Where the rectangular V is not positive, Bartlett's is used, and `reason` says so.

    Args:
        differential: shape (N,), in time order; negative favours A.
        h: steps ahead.
        step: observations between two origins.
        alternative: "less", "greater" or "two-sided".
        weights: of the autocovariances.

    Returns:
        no test where N < max(10, 2k), or the differential is constant and not zero.
    Source: Diebold & Mariano (1995), JBES 13(3); Harvey, Leybourne & Newbold (1997), IJF 13(2). Agrees with R
        `forecast::dm.test` wherever the rectangular variance is positive.
    """
    method, n, k = "DM-HLN", len(differential), overlap(h, step)
    untestable = _guard(method, differential, k)
    if untestable is not None:
        return untestable
    column, reason = differential[:, None], ""
    variance = bartlett(column, k - 1)[0] if weights == "bartlett" else rectangular(column, k - 1)[0]
    if variance <= 0:
        variance, reason = bartlett(column, k - 1)[0], "negative variance: Bartlett"
    error = float(np.sqrt(variance / n) * n / np.sqrt((n - k) * (n - k + 1)))
    return _tested(method, differential, error, n - 1, alternative, reason)


def ewc(
    differential: Vector,
    h: int,
    step: int = 1,
    alternative: Alternative = "two-sided",
    *,
    capped: bool = True,
) -> AccuracyTest:
    """Test with an equal-weighted cosine variance, which is never negative.

    V = mean over j = 1..nu of (sum over t of c_j(t) d_t)^2 with c_j(t) = sqrt(2 / N) cos(pi j (t - 1/2) / N);
    dbar / sqrt(V / N) against t with nu degrees, nu = min(floor(0.41 N^(2/3)), floor(N / k)), k = ceil(h /
    step).

    Args:
        differential: shape (N,), in time order; negative favours A.
        h: steps ahead.
        step: observations between two origins.
        alternative: "less", "greater" or "two-sided".
        capped: whether nu is bounded by N / k, which keeps the size right at long horizons.

    Returns:
        no test where N < max(10, 2k), nu < 2, or the differential is constant and not zero.
    Source: Lazarus, Lewis, Stock & Watson (2018), JBES 36(4), 541-559; the cap is ours.
    """
    method, n, k = "EWC", len(differential), overlap(h, step)
    untestable = _guard(method, differential, k)
    if untestable is not None:
        return untestable
    nu = degrees_of_freedom(n, k if capped else 1)
    if nu < 2:
        return AccuracyTest(method, None, None, nu, n, f"not enough origins: {n} at overlap {k}")
    error = float(np.sqrt(cosine(differential[:, None], nu)[0] / n))
    return _tested(method, differential, error, nu, alternative)


def newey_west(
    differential: Vector, h: int, step: int = 1, alternative: Alternative = "two-sided"
) -> AccuracyTest:
    """Diebold-Mariano test as statsmodels makes it: Bartlett weights over max(k - 1, ceil(N^(1/3))) lags.

    dbar / sqrt(V / N) against the normal distribution, k = ceil(h / step). It rejects too often where k is
    large beside N: measured 7 to 10 % at nominal 5 %.

    Args:
        differential: shape (N,), in time order; negative favours A.
        h: steps ahead.
        step: observations between two origins.
        alternative: "less", "greater" or "two-sided".
    Source: Newey & West (1987). Agrees with statsmodels `diebold_mariano_test`.
    """
    method, n, k = "Newey-West", len(differential), overlap(h, step)
    untestable = _guard(method, differential, k)
    if untestable is not None:
        return untestable
    variance = float(bartlett(differential[:, None], max(k - 1, int(np.ceil(n ** (1 / 3)))))[0])
    return _tested(method, differential, float(np.sqrt(variance / n)), 0, alternative)


def ewp(differential: Vector, h: int, step: int = 1, alternative: Alternative = "two-sided") -> AccuracyTest:
    """Test with an equal-weighted periodogram variance over m = floor(N^(1/3)) frequencies.

    dbar / sqrt(V / N) against t with 2m degrees.

    Args:
        differential: shape (N,), in time order; negative favours A.
        h: steps ahead.
        step: observations between two origins.
        alternative: "less", "greater" or "two-sided".
    Source: Coroneo & Iacone (2020), Journal of Applied Econometrics 35(4), 391-409.
    """
    method, n, k = "EWP", len(differential), overlap(h, step)
    untestable = _guard(method, differential, k)
    if untestable is not None:
        return untestable
    m = int(n ** (1 / 3) + 1e-9)
    error = float(np.sqrt(periodogram(differential[:, None], m)[0] / n))
    return _tested(method, differential, error, 2 * m, alternative)


ESTIMATORS: dict[str, Callable[[Vector, int, int, Alternative], AccuracyTest]] = {
    "ewc": ewc,
    "dm-hln": diebold_mariano,
    "bartlett": lambda d, h, step, side: diebold_mariano(d, h, step, side, weights="bartlett"),
    "newey-west": newey_west,
    "ewp": ewp,
}


def degrees_of_freedom(n: int, k: int) -> int:
    """Cosines of the EWC variance, and degrees of its t: min(floor(0.41 N^(2/3)), floor(N / k)).

    Args:
        n: origins.
        k: overlap, ceil(h / step).

    Example:
        >>> degrees_of_freedom(200, 1), degrees_of_freedom(200, 24)
        (14, 8)
    """
    return min(int(0.41 * n ** (2 / 3)), n // k)


def p_value(statistic: float, degrees: int, alternative: Alternative) -> float:
    """Tail probability of a t statistic; of a normal one where `degrees` is 0."""
    below = -abs(statistic) if alternative == "two-sided" else statistic
    below = -below if alternative == "greater" else below
    tail = float(stdtr(degrees, below) if degrees else ndtr(below))
    return 2 * tail if alternative == "two-sided" else tail


def _tested(
    method: str,
    differential: Vector,
    error: float,
    degrees: int,
    alternative: Alternative,
    reason: str = "",
) -> AccuracyTest:
    """Test the mean of a differential, given its standard error."""
    statistic = float(differential.mean() / error)
    p = p_value(statistic, degrees, alternative)
    return AccuracyTest(method, statistic, p, degrees, len(differential), reason, error)


def _guard(method: str, differential: Vector, k: int) -> AccuracyTest | None:
    """Answer the cases in which there is nothing to estimate a variance from."""
    n = len(differential)
    if not np.isfinite(differential).all():
        return AccuracyTest(method, None, None, 0, n, "a loss is too large to be a number")
    if n < max(FEWEST_ORIGINS, 2 * k):
        return AccuracyTest(method, None, None, 0, n, f"not enough origins: {n} at overlap {k}")
    if np.all(differential == 0):
        return AccuracyTest(method, 0.0, 1.0, n - 1, n, "identical")
    if np.ptp(differential) <= 1e-12 * np.max(np.abs(differential)):
        return AccuracyTest(method, None, None, 0, n, "the losses differ by the same amount at every origin")
    return None
