"""The decision table: from tests and skill to one outcome, with what it rests on and what holds it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Outcome = Literal[
    "rnn_worth_it",
    "ar_enough",
    "depends_on_horizon",
    "tie",
    "neither_beats_naive",
    "skill_found",
    "not_enough_data",
]
Cap = Literal["seed_noise", "one_seed", "data", "power", "approximate"]
CAPS: Mapping[Cap, str] = {
    "seed_noise": "some differences are smaller than the spread between the network's seeds",
    "one_seed": "the network was fitted with one seed, so its luck is not known",
    "data": "some horizons have too few origins for a test",
    "power": "a difference of 10 % would have gone unnoticed more often than one time in five",
    "approximate": "training windows grow with the origin, which makes tests approximate",
}
"""What can hold a verdict back."""
WANTED = 0.1
"""Skill that should be found with chance 80 %; where it would not be, "nothing found" says little."""

Condition = Literal["tests", "ar_skill", "network_skill", "both", "network_better", "ar_better"]
CONDITIONS: Mapping[Condition, str] = {
    "tests": "h = 1 can be tested",
    "ar_skill": "AR has skill",
    "network_skill": "network has skill",
    "both": "both compared",
    "network_better": "network better somewhere",
    "ar_better": "AR better somewhere",
}
"""Questions that the table asks, each answered by a test."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the decision table: an outcome, and the answers that lead to it.

    Args:
        outcome: of the row.
        answers: by condition; one that is absent may be either.
        meaning: of the outcome, in words.
    """

    outcome: Outcome
    answers: Mapping[Condition, bool]
    meaning: str


RULES: tuple[Rule, ...] = (
    Rule("not_enough_data", {"tests": False}, "not even the first step can be tested"),
    Rule(
        "neither_beats_naive",
        {"ar_skill": False, "network_skill": False},
        "no reliable skill over the references at any h: nothing to predict was found",
    ),
    Rule("skill_found", {"both": False}, "only one of the two was compared, and it has skill"),
    Rule(
        "depends_on_horizon",
        {"network_better": True, "ar_better": True},
        "each is reliably better at some h: to name one winner would be wrong",
    ),
    Rule(
        "rnn_worth_it",
        {"network_better": True},
        "the network is reliably better somewhere, and worse nowhere",
    ),
    Rule("ar_enough", {"ar_better": True}, "the AR is reliably better somewhere, and worse nowhere"),
    Rule("ar_enough", {"network_skill": False}, "the AR has skill, the network has none"),
    Rule("tie", {}, "the network has skill, and no difference between the two is reliable"),
)
"""Read from top to bottom; the first row whose answers all fit decides."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer and what it rests on.

    Args:
        outcome: of the decision table, see `RULES`.
        ar, network: the two models in question, None where the run had none.
        network_better, ar_better: horizons at which one is reliably better than the other (Holm over h) and
            has skill itself.
        within_seed_noise: horizons at which the difference would be reliable but is smaller than the spread
            between single seeds of the network, so that it is not claimed.
        row: of the decision table, from 0.
        horizons: the h that the outcome speaks of: where the winner is better, where skill was found, or,
            where none was, what was tested.
        model: the winner, or the model whose skill is given.
        skill, skill_interval: of `model` over the best reference, averaged over `horizons`, with its 90 %
            interval; None where undefined.
        lead, lead_interval: 1 - loss of `model` / loss of the other of the two, averaged over `horizons`.
        detectable: smallest and largest, over `horizons`, true effect that its test finds with chance 80 %:
            a lead over the other model in a tie, else a skill over the references.
        cost_ratio: seconds of the network over those of the AR, None where one is not known.
        capped_by: what holds the verdict back, see `CAPS`.
    """

    outcome: Outcome
    ar: str | None
    network: str | None
    network_better: tuple[int, ...] = ()
    ar_better: tuple[int, ...] = ()
    within_seed_noise: tuple[int, ...] = ()
    row: int = 0
    horizons: tuple[int, ...] = ()
    model: str | None = None
    skill: float | None = None
    skill_interval: tuple[float, float] | None = None
    lead: float | None = None
    lead_interval: tuple[float, float] | None = None
    detectable: tuple[float, float] | None = None
    cost_ratio: float | None = None
    capped_by: tuple[Cap, ...] = ()


def decide(
    ar: str | None,
    network: str | None,
    claimed: Mapping[str, tuple[int, ...]],
    *,
    enough: bool,
    network_better: tuple[int, ...] = (),
    ar_better: tuple[int, ...] = (),
    within_seed_noise: tuple[int, ...] = (),
) -> Verdict:
    """Read the decision table.

    Args:
        ar, network: the two models in question, None where the run had none.
        claimed: by model, the horizons at which skill over every reference is claimed.
        enough: whether there is a test at the first step at all.
        network_better, ar_better, within_seed_noise: as in `Verdict`.

    Example:
        >>> decide("ar", "lstm", {"ar": (1, 2), "lstm": (1,)}, enough=True, ar_better=(2,)).outcome
        'ar_enough'
    """
    answers: dict[Condition, bool] = {
        "tests": enough,
        "ar_skill": ar is not None and bool(claimed[ar]),
        "network_skill": network is not None and bool(claimed[network]),
        "both": ar is not None and network is not None,
        "network_better": bool(network_better),
        "ar_better": bool(ar_better),
    }
    row = next(i for i, rule in enumerate(RULES) if rule.answers.items() <= answers.items())
    return Verdict(RULES[row].outcome, ar, network, network_better, ar_better, within_seed_noise, row)
