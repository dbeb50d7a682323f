"""One past as an autoregression sees it: what is modelled, fitted on windows, and continued from origins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import ndtri

from forecastkit.arrays import Cube, Indices, Matrix, Vector
from forecastkit.errors import DataError, SeriesTooShortError
from forecastkit.models._ar_design import NestedLags, Terms, Trend
from forecastkit.models._ar_fits import Chooser, Fits, Sample, least_squares, recursive
from forecastkit.models._ar_paths import filled, iterate, path_deviations
from forecastkit.models.lags import Criterion
from forecastkit.models.protocol import History, Windows

SHORTEST = 12
LOWERED: dict[Trend, Trend] = {"n": "n", "c": "n", "ct": "c"}
"""What is left of a trend of levels in their differences."""
Estimator = Literal["ols", "yule-walker", "burg"]


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Values as they are modelled, with their terms.

    Args:
        history: the past.
        values: what is modelled, shape (T,) or, differenced, (T - 1,).
        columns: of the terms at each value and H steps on, shape (T + H, D) or (T - 1 + H, D).
        lags, terms: the regressors.
        differenced: whether the first value was lost to differences.
        horizon: steps ahead, H.
    """

    history: History
    values: Vector
    columns: Matrix
    lags: NestedLags
    terms: Terms
    differenced: bool
    horizon: int

    @property
    def integrated(self) -> bool:
        """Whether changes are modelled, be it that the values are changes."""
        return self.differenced or self.history.changes

    def fit(
        self,
        windows: Windows,
        choose: Criterion | Chooser,
        *,
        estimator: Estimator = "ols",
        name: str = "ar",
    ) -> Fits:
        """Fit every window (F, 2), given as positions in the history.

        Raises:
            SeriesTooShortError: a window is too short.
        """
        starts, stops = windows[:, 0], windows[:, 1] - self.differenced
        needed = max(SHORTEST, self.lags.longest + len(self.lags.lags) + max(1, self.terms.count) + 2)
        shortest = int((stops - starts).min())
        if shortest < needed:
            raise SeriesTooShortError(
                f"{shortest + self.differenced} observations are too few to fit {name!r}; at least "
                f"{needed + self.differenced} are needed. Use fewer origins or a shorter horizon."
            )
        sample = Sample(self.values, self.columns[: len(self.values)], starts, stops)
        if estimator != "ols" and not callable(choose):
            centred = self.terms.trend != "n"
            return recursive(sample, self.lags.longest, choose, estimator, centred=centred)
        return least_squares(sample, self.lags, self.terms, choose)

    def ends(self, fits: Fits, of: Indices, stops: Indices) -> Ends:
        """Make forecasts from the origins at positions `stops` (O,) ready, each with fit of[o]."""
        stops = stops - self.differenced
        longest, centre = fits.phi.shape[1], fits.centre[of]
        padded = np.concatenate([np.zeros(longest), self.values])
        tails = padded[stops[:, None] + np.arange(longest)] - centre[:, None]
        steps = sliding_window_view(self.columns, self.horizon, axis=0)[stops]
        base = np.einsum("odh,od->oh", steps, fits.gamma[of])
        lasts = self.history.values[stops - 1 + self.differenced].copy()
        for o in np.flatnonzero(np.isnan(tails).any(axis=1) | np.isnan(lasts)).tolist():
            tails[o], lasts[o] = self._filled(fits, int(of[o]), int(stops[o]))
        return Ends(
            phi=fits.phi[of],
            sigma2=fits.sigma2[of],
            centre=centre,
            base=base,
            tails=tails,
            lasts=np.zeros(len(of)) if self.history.changes else lasts,
            integrated=self.integrated,
        )

    def residuals(self, fits: Fits, f: int, window: Indices) -> Vector:
        """What fit f leaves of its own window, NaN where a value is missing."""
        start, stop = int(window[0]), int(window[1]) - self.differenced
        p = int(self.lags.reach[fits.p[f]])
        z = self.values[start:stop] - fits.centre[f]
        predicted = self.columns[start + p : stop] @ fits.gamma[f]
        return np.asarray(np.convolve(z, [1.0, *-fits.phi[f, :p]])[p : len(z)] - predicted)

    def _filled(self, fits: Fits, f: int, stop: int) -> tuple[Vector, float]:
        """Last values before an origin and the level there; what is missing is forecast one step ahead."""
        longest = fits.phi.shape[1]
        known = self.history.values[: stop + self.differenced]
        newest = int(np.flatnonzero(np.isfinite(known))[-1])
        begin = max(0, min(stop - 3 * longest, newest - longest))
        base = self.columns[begin:stop] @ fits.gamma[f]
        part = filled(self.values[begin:stop] - fits.centre[f], fits.phi[f], base)
        tail = np.concatenate([np.zeros(longest), part])[len(part) :]
        if self.differenced:
            return tail, float(known[newest] + np.sum(part[len(part) - (len(known) - 1 - newest) :]))
        return tail, float(part[-1] + fits.centre[f])


def task_of(history: History, lags: NestedLags, terms: Terms, *, differenced: bool, horizon: int) -> Task:
    """Lay out a past with its regressors.

    Raises:
        DataError: the terms need covariates that the history lacks.
    """
    known = history.known if len(terms.shift) else None
    given = 0 if known is None else known.shape[1]
    if given != len(terms.shift):
        raise DataError(
            f"The model was made for {len(terms.shift)} covariates known ahead; the history has {given}. "
            "Give the same covariates, or fit again."
        )
    values = history.values
    if differenced:
        values = np.diff(values)
        known = None if known is None else np.diff(known, axis=0)
    times = history.start + np.arange(differenced, len(history.values) + horizon)
    columns = terms.columns(times, None if known is None else known[: len(times)])
    return Task(history, values, columns, lags, terms, differenced, horizon)


def scale_of(known: Matrix | None, *, centred: bool) -> tuple[Vector, Vector]:
    """Mean and spread of covariates (N, K) by which they are centred and scaled, each of shape (K,).

    Beside a constant both change rounding only; without one, centring would change the model.
    """
    if known is None:
        return np.zeros(0), np.ones(0)
    mean, spread = known.mean(axis=0), known.std(axis=0)
    return mean if centred else np.zeros_like(mean), np.where(spread > 0, spread, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """Origins with the model that serves each: what its recursion starts from.

    Args:
        phi: by lag, shape (O, L).
        sigma2, centre: shape (O,).
        base: what the terms add at each step, shape (O, H).
        tails: last values before the origin, centred, oldest first, shape (O, L).
        lasts: level at the origin, 0 for changes, shape (O,).
        integrated: whether the path is one of changes.
    """

    phi: Matrix
    sigma2: Vector
    centre: Vector
    base: Matrix
    tails: Matrix
    lasts: Vector
    integrated: bool

    def path(self) -> Matrix:
        """Continue what is modelled: shape (O, H)."""
        return iterate(self.phi, self.base, self.tails) + self.centre[:, None]

    def level(self, path: Matrix, weights: tuple[float, ...] = ()) -> Matrix:
        """Turn a path of what is modelled into levels, or moves since the origin where values are changes.

        Args:
            path: shape (O, H).
            weights: by h, the share of the path that is not the last value; none draws nothing.
        """
        if self.integrated:
            with np.errstate(over="ignore", invalid="ignore"):
                path = np.cumsum(path, axis=1) + self.lasts[:, None]
        if weights:
            share = np.resize(weights, path.shape[1])
            share[len(weights) :] = weights[-1]
            path = share * path + (1 - share) * self.lasts[:, None]
        return path

    def quantiles(self, level: Matrix, levels: tuple[float, ...]) -> Cube:
        """Gaussian quantiles around levels (O, H), without parameter uncertainty: shape (O, H, Q)."""
        deviations = path_deviations(self.phi, self.sigma2, level.shape[1], cumulated=self.integrated)
        return np.asarray(level[:, :, None] + deviations[:, :, None] * ndtri(np.asarray(levels)))
