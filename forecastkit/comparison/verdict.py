"""The decision table: from tests and skill to one outcome."""

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


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer and what it rests on.

    Args:
        outcome: "rnn_worth_it": the network is reliably better than the AR at some h, and worse at none;
            "ar_enough": the AR has skill, the network is reliably better nowhere, and worse somewhere or
            without skill; "depends_on_horizon": each is reliably better somewhere; "tie": the network has
            skill and no difference is reliable; "neither_beats_naive": no skill over the references at any h;
            "skill_found": only one of the two was compared, and it has skill; "not_enough_data": no test at
            the first step.
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
    """
    ar_skill = ar is not None and bool(claimed[ar])
    network_skill = network is not None and bool(claimed[network])
    outcome: Outcome
    if not enough:
        outcome = "not_enough_data"
    elif not (ar_skill or network_skill):
        outcome = "neither_beats_naive"
    elif ar is None or network is None:
        outcome = "skill_found"
    elif network_better:
        outcome = "depends_on_horizon" if ar_better else "rnn_worth_it"
    elif ar_better or not network_skill:
        outcome = "ar_enough"
    else:
        outcome = "tie"
    return Verdict(outcome, ar, network, network_better, ar_better, within_seed_noise)
