"""Two models of a comparison: every test there is between them, at one h or at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from forecastkit.arrays import Vector
from forecastkit.comparison.adjustment import false_discovery_rate, holm
from forecastkit.comparison.conditional import (
    Fluctuation,
    clark_west,
    fluctuation,
    giacomini_white,
    why_not_nested,
)
from forecastkit.comparison.multihorizon import SuperiorAbility, step_down, superior_ability
from forecastkit.comparison.power import origins_needed
from forecastkit.comparison.significance import (
    AccuracyTest,
    Alternative,
    equal_accuracy,
    loss_differential,
    overlap,
)
from forecastkit.comparison.skill import numbers
from forecastkit.errors import PlanError
from forecastkit.seeds import spawn

if TYPE_CHECKING:
    from forecastkit.comparison.comparison import Comparison

Adjustment = Literal["none", "holm", "sup-t", "fdr"]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two models on the common origins; negative differences favour the first.

    Args:
        comparison: that both are in.
        first, second: their names.

    Raises:
        PlanError: one of them is not in the comparison.
    """

    comparison: Comparison
    first: str
    second: str

    def __post_init__(self) -> None:
        known = self.comparison.drawn.losses
        for name in (self.first, self.second):
            if name not in known:
                raise PlanError(f"{name!r} is not in this comparison. It holds {', '.join(known)}.")

    def __repr__(self) -> str:
        return f"Pair({self.first!r}, {self.second!r}; {self.comparison.drawn.n} origins)"

    def equal_accuracy(
        self, h: int, *, estimator: str = "default", alternative: Alternative = "two-sided"
    ) -> AccuracyTest:
        """Test whether both are equally good at h; "less" asks whether the first is better."""
        step = self.comparison.forecasts.step
        return equal_accuracy(self._differential(h), h, step, alternative, estimator=estimator)

    def by_horizon(
        self,
        *,
        estimator: str = "default",
        alternative: Alternative = "two-sided",
        adjust: Adjustment = "holm",
    ) -> Vector:
        """Give p-values at h = 1..H, adjusted for their number; NaN where there is no test.

        Args:
            estimator: of the variance, see `equal_accuracy`.
            alternative: "less" asks whether the first is better.
            adjust: "holm" and "sup-t" (bootstrap step-down) bound the chance of one false claim or more;
                "fdr" bounds the share of false claims only.
        """
        if adjust == "sup-t":
            first, second = (
                (self.second, self.first) if alternative == "greater" else (self.first, self.second)
            )
            return step_down(self.comparison.drawn, first, [second], two_sided=alternative == "two-sided")
        tests = [
            self.equal_accuracy(h, estimator=estimator, alternative=alternative)
            for h in range(1, self.comparison.forecasts.horizon + 1)
        ]
        p = numbers(tuple(tests))
        if adjust == "none":
            return p
        return holm(p) if adjust == "holm" else false_discovery_rate(p)

    def at_all_horizons(self) -> SuperiorAbility:
        """Test whether the first is better at every h, and on average over h (Quaedvlieg)."""
        drawn = self.comparison.drawn
        return superior_ability(
            drawn.losses[self.first],
            drawn.losses[self.second],
            overlaps=int(drawn.overlaps[-1]),
            rng=spawn(0, "superior"),
        )

    def conditional(self, h: int) -> AccuracyTest:
        """Test whether the advantage at h could have been known from the last known one (Giacomini-White)."""
        forecasts = self.comparison.forecasts
        window = forecasts.settings.get("plan", {}).get("train_window")
        return giacomini_white(self._differential(h), h, forecasts.step, bounded=window is not None)

    def clark_west(self, h: int) -> AccuracyTest:
        """Test whether the first beats a second that it contains; where it does not, the answer is why."""
        forecasts, kept = self.comparison.forecasts, self.comparison.scores.kept
        reason = why_not_nested(forecasts.families[self.first], self.second)
        if not reason and self.comparison.loss != "squared":
            reason = "it is a test of squared errors"
        if reason:
            return AccuracyTest("Clark-West", None, None, 0, int(kept.sum()), reason)
        small, large = (forecasts.of(name)[kept, h - 1] for name in (self.second, self.first))
        return clark_west(forecasts.actual[kept, h - 1], small, large, h, forecasts.step)

    def fluctuation(self, h: int, *, share: float = 0.3) -> Fluctuation:
        """Follow the difference at h over a window of this share of the origins (Giacomini-Rossi)."""
        step = self.comparison.forecasts.step
        return fluctuation(self._differential(h), h, step, share=share, rng=spawn(0, "fluctuation", h))

    def origins_needed(self, lead: float, h: int, *, alpha: float = 0.05) -> int | None:
        """Fewest origins at which a lead of the first over the second is found at h with chance 80 %.

        Args:
            lead: wanted effect, a share of the second's loss.
            h: steps ahead.
            alpha: of the one-sided test.
        """
        step, floor = self.comparison.forecasts.step, self.comparison.drawn.losses[self.second][:, h - 1]
        test = self.equal_accuracy(h, alternative="less")
        return origins_needed(lead, test, float(floor.mean()), overlap(h, step), alpha)

    def _differential(self, h: int) -> Vector:
        losses = self.comparison.drawn.losses
        return loss_differential(losses[self.first][:, h - 1], losses[self.second][:, h - 1])
