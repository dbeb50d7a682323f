"""The decision table: from tests and skill to one of five outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["rnn_worth_it", "ar_enough", "tie", "neither_beats_naive", "not_enough_data"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer and what it rests on.

    Args:
        outcome: "rnn_worth_it": the network has skill, and is reliably better than the AR somewhere or the
            only one of the two with skill; "ar_enough": the AR has skill, the network is reliably better
            nowhere, and worse somewhere or without skill; "tie": both have skill and no difference is
            reliable; "neither_beats_naive": no skill over the references at any h; "not_enough_data": too
            few origins to say.
        ar, network: the two models in question, None where the run had none.
        network_better, ar_better: horizons at which one is reliably better than the other (Holm over h) and
            has skill itself.
        within_seed_noise: horizons at which the difference would be reliable but is smaller than the spread
            between single seeds of the network, so that it is not claimed.
    """

    outcome: Outcome
    ar: str | None
    network: str | None
    network_better: tuple[int, ...] = ()
    ar_better: tuple[int, ...] = ()
    within_seed_noise: tuple[int, ...] = ()


def decide(
    ar: str | None,
    network: str | None,
    skill_set: Mapping[str, tuple[int, ...]],
    *,
    enough: bool,
    network_better: tuple[int, ...] = (),
    ar_better: tuple[int, ...] = (),
    within_seed_noise: tuple[int, ...] = (),
) -> Verdict:
    """Read the decision table.

    Args:
        ar, network: the two models in question, None where the run had none.
        skill_set: by model, the horizons at which it has reliable skill over every reference.
        enough: whether the origins allow a test at the first step at all.
        network_better, ar_better, within_seed_noise: as in `Verdict`.
    """
    ar_skill = ar is not None and bool(skill_set[ar])
    network_skill = network is not None and bool(skill_set[network])
    outcome: Outcome
    if not enough:
        outcome = "not_enough_data"
    elif not (ar_skill or network_skill):
        outcome = "neither_beats_naive"
    elif network_better or (network_skill and not ar_skill):
        outcome = "rnn_worth_it"
    elif ar_better or not network_skill:
        outcome = "ar_enough"
    else:
        outcome = "tie"
    return Verdict(outcome, ar, network, network_better, ar_better, within_seed_noise)
