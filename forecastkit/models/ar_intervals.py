"""Quantiles of autoregressive forecasts that know that the coefficients are estimated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

import numpy as np
from scipy.special import ndtri

from forecastkit.arrays import Matrix, Vector
from forecastkit.models._ar_estimates import estimate
from forecastkit.models._ar_paths import are_stable
from forecastkit.seeds import spawn
from forecastkit.series.recursions import psi_weights

NEAR_UNIT_CIRCLE = 0.9
"""Modulus of the largest inverse root from which least squares is corrected for its bias."""
STEP_BACK = 0.01
"""By which a correction is shortened until it leaves coefficients stationary."""
DRAWS = 999
LARGEST = 4_000_000
"""Numbers in the regressors of series that are estimated together."""
Intervals = Literal["psi", "parameters", "bootstrap"]
INTERVALS: tuple[Intervals, ...] = ("psi", "parameters", "bootstrap")


def forecast_variance(
    values: Vector,
    p: int,
    horizon: int,
    *,
    constant: bool = True,
    integrated: bool = False,
    known: Vector | None = None,
) -> tuple[Vector, Vector, Vector]:
    """Variance of the h-step error, in its two parts.

    Innovations: sigma2 * sum over j < h of psi_j^2. Parameters, by the delta method: g_h' V g_h with V the
    covariance of (c, phi) and g_h the derivative of the h-step forecast, itself an autoregressive recursion.

    Args:
        values: shape (T,); changes where `integrated`.
        p: order.
        horizon: H.
        constant: whether c is estimated.
        integrated: the path of the cumulated values is meant.
        known: what the forecast starts from, where it is newer than `values`.

    Returns:
        forecast, variance by innovations, variance by parameters, each (H,).
    Source: Luetkepohl (2005), New Introduction to Multiple Time Series Analysis, section 3.5.
    """
    fit = estimate(values[None], p, constant=constant)
    phi, c = fit.phi[0], float(fit.constant[0])
    path = np.concatenate([_last(values if known is None else known, p), np.zeros(horizon)])
    covariance = fit.covariance[0]
    slopes = np.zeros((p + horizon, len(covariance)))
    for t in range(p, p + horizon):
        past = path[t - p : t][::-1]
        path[t] = c + past @ phi
        own = np.concatenate([np.ones(int(constant)), past])
        slopes[t] = own + phi @ slopes[t - p : t][::-1]
    forecast, slopes, psi = path[p:], slopes[p:], psi_weights(phi, horizon)
    if integrated:
        forecast, slopes, psi = np.cumsum(forecast), np.cumsum(slopes, axis=0), np.cumsum(psi)
    innovations = fit.sigma2[0] * np.cumsum(psi**2)
    parameters = np.einsum("hi,ij,hj->h", slopes, covariance, slopes)
    return forecast, np.asarray(innovations), np.asarray(parameters)


def gaussian_quantiles(
    values: Vector,
    p: int,
    horizon: int,
    levels: Sequence[float],
    *,
    constant: bool = True,
    integrated: bool = False,
    known: Vector | None = None,
    parameters: bool = True,
) -> Matrix:
    """Gaussian quantiles of the h-step forecast, shape (H, Q); arguments as in `forecast_variance`.

    Args:
        parameters: add the variance by estimated coefficients; without it the bands are too narrow.
    """
    forecast, innovations, estimated = forecast_variance(
        values, p, horizon, constant=constant, integrated=integrated, known=known
    )
    spread = np.sqrt(innovations + (estimated if parameters else 0.0))
    return np.asarray(forecast[:, None] + spread[:, None] * ndtri(np.asarray(levels)))


def bootstrap_paths(
    values: Vector,
    p: int,
    horizon: int,
    rng: np.random.Generator,
    *,
    constant: bool = True,
    integrated: bool = False,
    known: Vector | None = None,
    draws: int = DRAWS,
) -> Matrix:
    """Draw future paths by the residual bootstrap with re-estimation: shape (draws, H).

    Centred residuals, rescaled by sqrt(N / (N - k)), regenerate the whole series from p of its values in a
    row; each series gives new coefficients, and these a path from the *observed* last p values with drawn
    residuals. Where the largest inverse root is 0.9 or more, coefficients are corrected for their bias before
    (by a first round of draws) and after; a correction that would leave the unit circle is shortened until
    it does not.

    Source: Thombs & Schucany (1990), JASA 85, 486-492; Pascual, Romo & Ruiz (2004), Journal of Time Series
    Analysis 25, 449-465; Kilian (1998), Review of Economics and Statistics 80, 218-230.
    """
    fit = estimate(values[None], p, constant=constant)
    phi, n = fit.phi[0], fit.residuals.shape[1]
    noise = (fit.residuals[0] - fit.residuals[0].mean()) * np.sqrt(n / max(1, n - p - constant))
    bias = np.zeros(p)
    if NEAR_UNIT_CIRCLE <= largest_root(phi) < 1:
        first, _ = _reestimated(values, float(fit.constant[0]), phi, noise, draws, rng, constant)
        bias = first.mean(axis=0) - phi
        phi = _corrected(phi[None], bias)[0]
    start = float(fit.means[0, 0] - fit.means[0, 1:] @ phi)
    phis, means = _reestimated(values, start, phi, noise, draws, rng, constant)
    phis = _corrected(phis, bias) if bias.any() else phis
    constants = means[:, 0] - np.einsum("si,si->s", means[:, 1:], phis)
    shocks = rng.choice(noise, size=(draws, horizon))
    path = np.concatenate([np.tile(_last(values if known is None else known, p), (draws, 1)), shocks], axis=1)
    for t in range(p, p + horizon):
        path[:, t] += constants + np.einsum("si,si->s", path[:, t - p : t][:, ::-1], phis)
    return np.cumsum(path[:, p:], axis=1) if integrated else path[:, p:]


def bootstrap_quantiles(
    values: Vector,
    p: int,
    horizon: int,
    levels: Sequence[float],
    rng: np.random.Generator,
    *,
    constant: bool = True,
    integrated: bool = False,
    known: Vector | None = None,
    draws: int = DRAWS,
) -> Matrix:
    """Quantiles of `bootstrap_paths`, shape (H, Q)."""
    paths = bootstrap_paths(
        values, p, horizon, rng, constant=constant, integrated=integrated, known=known, draws=draws
    )
    return cast(Matrix, np.quantile(paths, np.asarray(levels), axis=0, method="weibull").T)


def bands(
    kind: Intervals,
    values: Vector,
    known: Vector,
    p: int,
    level: Vector,
    levels: Sequence[float],
    *,
    constant: bool,
    integrated: bool,
    last: float = 0.0,
) -> Matrix:
    """Quantiles (H, Q) around a forecast that a recipe may have drawn elsewhere.

    Args:
        kind: "parameters" or "bootstrap"; the latter draws the same numbers for the same length.
        values: what the coefficients were estimated on.
        known: what the forecast starts from.
        p: order.
        level: forecast, shape (H,), cumulated where `integrated`.
        levels: in (0, 1).
        constant: whether a constant was estimated.
        integrated: changes were modelled.
        last: level from which changes are cumulated.
    """
    horizon = len(level)
    centre, _, _ = forecast_variance(
        values, p, horizon, constant=constant, integrated=integrated, known=known
    )
    moved = level - last * integrated - centre
    if kind == "parameters":
        found = gaussian_quantiles(
            values, p, horizon, levels, constant=constant, integrated=integrated, known=known
        )
    else:
        rng = spawn(0, "ar intervals", len(values))
        found = bootstrap_quantiles(
            values, p, horizon, levels, rng, constant=constant, integrated=integrated, known=known
        )
    return np.asarray(found + last * integrated + moved[:, None])


def largest_root(phi: Vector) -> float:
    """Modulus of the largest inverse root of 1 - sum of phi_i z^i; below 1 the process is stationary."""
    if not phi.any():
        return 0.0
    return float(np.abs(np.roots(np.concatenate([[1.0], -phi]))).max())


def _last(known: Vector, p: int) -> Vector:
    return known[len(known) - p :]


def _reestimated(
    values: Vector,
    start: float,
    phi: Vector,
    noise: Vector,
    draws: int,
    rng: np.random.Generator,
    constant: bool,
) -> tuple[Matrix, Matrix]:
    """Coefficients of regenerated series and the means they go with, so many at once as memory allows."""
    together = max(1, LARGEST // (len(values) * (len(phi) + 1)))
    found = [
        estimate(
            _regenerated(values, start, phi, noise, min(together, draws - done), rng),
            len(phi),
            constant=constant,
        )
        for done in range(0, draws, together)
    ]
    return np.concatenate([fit.phi for fit in found]), np.concatenate([fit.means for fit in found])


def _regenerated(
    values: Vector, constant: float, phi: Vector, noise: Vector, draws: int, rng: np.random.Generator
) -> Matrix:
    """Series of the length of `values`, begun with p of them in a row."""
    p, n = len(phi), len(values)
    begin = rng.integers(0, n - p + 1, size=draws)[:, None] + np.arange(p)
    series = np.empty((draws, n))
    series[:, :p] = values[begin]
    series[:, p:] = constant + rng.choice(noise, size=(draws, n - p))
    for t in range(p, n):
        series[:, t] += series[:, t - p : t] @ phi[::-1]
    return series


def _corrected(phis: Matrix, bias: Vector) -> Matrix:
    """Coefficients less their bias, or what of it leaves them stationary; explosive ones as they are."""
    shares = are_stable(phis).astype(float)
    left = np.flatnonzero(shares)
    while len(left):
        left = left[~are_stable(phis[left] - shares[left, None] * bias)]
        shares[left] -= STEP_BACK
    return np.asarray(phis - shares[:, None] * bias)
