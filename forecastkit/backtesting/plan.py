"""Which origins a backtest uses and when models are refitted: pure arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from forecastkit.arrays import Indices
from forecastkit.errors import PlanError, SeriesTooShortError

FEWEST_TRAINING = 25
"""Observations without which no model is fitted."""
FEWEST_ORIGINS = 10
"""Origins without which nothing is tested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestPlan:
    """Rolling-origin evaluation: at every origin y[:origin] is known, y[origin:origin + horizon] asked for.

    Args:
        horizon: steps forecast from each origin, H.
        origins: how many origins; None takes as many as leave max(100, n / 2) observations to train on, at
            most max(250, 20 H); where n < 100 + H, those that leave n / 2.
        step: observations between two origins.
        gap: observations between the last one a fit may use and the origin.
        train_window: observations a fit may use; None lets the training part grow.
        refit_every: origins between two fits, None for one fit; or one of these per model. Models not named
            use their own default: AR 1, networks as many as add a tenth of the first training part.

    Raises:
        PlanError: a number is out of range.
    """

    horizon: int = 24
    origins: int | None = None
    step: int = 1
    gap: int = 0
    train_window: int | None = None
    refit_every: int | Mapping[str, int | None] | None = field(default_factory=dict)

    def __post_init__(self) -> None:
        _at_least("horizon", self.horizon, 1)
        _at_least("step", self.step, 1)
        _at_least("gap", self.gap, 0)
        if self.origins is not None:
            _at_least("origins", self.origins, 1)
        if self.train_window is not None:
            _at_least("train_window", self.train_window, FEWEST_TRAINING)
        named = (
            self.refit_every if isinstance(self.refit_every, Mapping) else {"refit_every": self.refit_every}
        )
        for name, every in named.items():
            if every is not None:
                _at_least(f"refit_every of {name}" if name != "refit_every" else name, every, 1)

    def origin_positions(self, n: int, name: str = "y") -> Indices:
        """Place the origins in a series of n observations: increasing by `step`, the last at n - horizon.

        Raises:
            SeriesTooShortError: n is too small for the horizon, the origins and 25 observations to fit.
        """
        last = n - self.horizon
        earliest = self.gap + (self.train_window or FEWEST_TRAINING)
        if last < earliest:
            settings = {"gap": self.gap, "train_window": self.train_window}
            asked = "".join(f", {what} {value}" for what, value in settings.items() if value)
            remedy = f"a shorter horizon (at most {n - earliest}) or " if n > earliest else ""
            raise SeriesTooShortError(
                f"Series {name!r} has {n} observations; horizon {self.horizon}{asked} and {earliest} before "
                f"the first origin need {self.horizon + earliest}. Use {remedy}a longer series."
            )
        count = self._default_count(n, last, earliest) if self.origins is None else self.origins
        first = last - (count - 1) * self.step
        if first < earliest:
            fitting = (last - earliest) // self.step + 1
            raise SeriesTooShortError(
                f"Series {name!r} has {n} observations; horizon {self.horizon}, {count} origins {self.step} "
                f"apart and {earliest} before the first need {n + earliest - first}. Use origins={fitting} "
                "or fewer."
            )
        return np.arange(first, last + 1, self.step, dtype=np.int64)

    def _default_count(self, n: int, last: int, earliest: int) -> int:
        training = self.gap + (max(100, (n + 1) // 2) if n >= 100 + self.horizon else n // 2)
        first = max(earliest, min(training, last))
        return min((last - first) // self.step + 1, max(250, 20 * self.horizon))

    def refit_interval(self, model: str, default: float | None, observations: int) -> int | None:
        """Origins between two fits of a model, None for one fit.

        Args:
            model: its name.
            default: origins, or a share below 1 of the first training part, for a model that is not named.
            observations: length of the series.
        """
        if not isinstance(self.refit_every, Mapping):
            return self.refit_every
        own = self._origins_apart(default, observations)
        interval: int | None = self.refit_every.get(model, own)
        return interval

    def _origins_apart(self, default: float | None, observations: int) -> int | None:
        if default is None or default >= 1:
            return None if default is None else int(default)
        first = self.training_part(int(self.origin_positions(observations)[0]))
        return max(1, round(default * float(first.stop - first.start) / self.step))

    def blocks(self, origins: Indices, interval: int | None) -> list[Indices]:
        """Split the origins into runs that share one fit, made at the first origin of each."""
        if interval is None:
            return [origins]
        return [origins[start : start + interval] for start in range(0, len(origins), interval)]

    def training_part(self, origin: int) -> slice:
        """Observations that a fit at this origin may use."""
        return self._window(origin - self.gap)

    def known_part(self, origin: int) -> slice:
        """Observations that a forecast from this origin may use."""
        return self._window(origin)

    def _window(self, stop: int) -> slice:
        return slice(0 if self.train_window is None else max(0, stop - self.train_window), stop)


def _at_least(what: str, value: int, least: int) -> None:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
        raise PlanError(f"{what} is {value!r}; a whole number of at least {least} is needed.")
