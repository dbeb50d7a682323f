"""The certificate of no look-ahead: what was done to a model, what came of it, and hashes of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["certified", "failed", "not certifiable"]
LEAKS: Mapping[str, str] = {
    "noise": "what follows an origin replaced by noise of ten standard deviations",
    "nan": "what follows an origin replaced by NaN",
    "scale": "what follows an origin multiplied by a million",
    "regenerated": "the series regenerated from a shared past: forecasts must not follow the old future",
    "batch": "many origins together, in another order, and one alone",
    "order": "origins asked backwards, after later ones were seen",
}
"""What is done to a model, in this order."""
PREFIT_NOTE = (
    "An object fitted beforehand cannot be certified: what it learned earlier is out of reach of any "
    "poison. Give the unfitted recipe, or built=True and a function that makes the model from the series."
)


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing done to a model.

    Args:
        name: of `LEAKS`.
        passed: None where it does not apply.
        text: what came of it.
        digest: SHA-256 of the forecasts that it gave, "" where there are none.
    """

    name: str
    passed: bool | None
    text: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a model did while its future was poisoned; printing it gives all of it.

    Args:
        model: its name.
        recipe: SHA-256 of its settings and of the code that defines it.
        series, data: name and fingerprint of the series.
        transform, horizon, seed: of the forecasts.
        origins: at which it was asked.
        forecasts: SHA-256 of the forecasts on the data as they are.
        proofs: in the order of `LEAKS`.
        carries: data that the model brings along: what was fitted beforehand no poison reaches.
        built: whether the model was made anew from every poisoned series.
        order_matters: whether a permuted window changes the forecast of a network; None for other models.
        versions: of the packages that ran.
    """

    model: str
    recipe: str
    series: str
    data: str
    transform: str
    horizon: int
    seed: int
    origins: tuple[int, ...]
    forecasts: str
    proofs: tuple[Proof, ...]
    carries: tuple[str, ...] = ()
    built: bool = False
    order_matters: bool | None = None
    versions: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        """Failed where a proof failed; not certifiable where the model brings data along."""
        if any(proof.passed is False for proof in self.proofs):
            return "failed"
        return "not certifiable" if self.carries else "certified"

    def __repr__(self) -> str:
        marks = {True: "passed", False: "FAILED", None: "-"}
        lines = [
            f"{self.model}: {self.outcome}",
            f"series {self.series} ({self.data[:16]}), transform {self.transform}, horizon {self.horizon}, "
            f"origins {', '.join(map(str, self.origins))}, seed {self.seed}",
            *(f"  {proof.name:<12} {marks[proof.passed]:<7} {proof.text}" for proof in self.proofs),
            *(f"  It carries {what}." for what in self.carries),
            f"recipe    {self.recipe}",
            f"forecasts {self.forecasts}",
            PREFIT_NOTE if not self.built else "The model was made anew from every poisoned series.",
        ]
        return "\n".join(lines)
