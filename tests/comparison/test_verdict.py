"""The decision table, row by row."""

from __future__ import annotations

import pytest

from forecastkit.comparison.verdict import Verdict, decide

BOTH = ("ar", "lstm")


@pytest.mark.parametrize(
    ("skill", "network_better", "ar_better", "outcome"),
    [
        ({"ar": (), "lstm": ()}, (), (), "neither_beats_naive"),
        ({"ar": (1, 2), "lstm": (1, 2)}, (), (), "tie"),
        ({"ar": (1, 2), "lstm": (1, 2)}, (2,), (), "rnn_worth_it"),
        ({"ar": (1, 2), "lstm": (1, 2)}, (), (1,), "ar_enough"),
        ({"ar": (1, 2), "lstm": (1, 2)}, (2,), (1,), "depends_on_horizon"),
        ({"ar": (1,), "lstm": ()}, (), (), "ar_enough"),
        ({"ar": (1,), "lstm": ()}, (), (1,), "ar_enough"),
        ({"ar": (), "lstm": (12,)}, (), (), "tie"),
        ({"ar": (), "lstm": (12,)}, (12,), (), "rnn_worth_it"),
    ],
)
def test_both_models(skill, network_better, ar_better, outcome):
    verdict = decide(*BOTH, skill, enough=True, network_better=network_better, ar_better=ar_better)
    assert verdict == Verdict(outcome, "ar", "lstm", network_better, ar_better)


def test_too_few_origins_silence_everything_else():
    verdict = decide(*BOTH, {"ar": (1,), "lstm": (1,)}, enough=False, network_better=(1,))
    assert verdict.outcome == "not_enough_data"


def test_a_difference_within_seed_noise_is_kept_and_not_claimed():
    verdict = decide(*BOTH, {"ar": (1,), "lstm": (1,)}, enough=True, within_seed_noise=(1, 2))
    assert (verdict.outcome, verdict.within_seed_noise) == ("tie", (1, 2))


@pytest.mark.parametrize(
    ("ar", "network", "skill", "outcome"),
    [
        ("ar", None, {"ar": (1,)}, "skill_found"),
        ("ar", None, {"ar": ()}, "neither_beats_naive"),
        (None, "lstm", {"lstm": (1,)}, "skill_found"),
        (None, "lstm", {"lstm": ()}, "neither_beats_naive"),
    ],
)
def test_one_model_alone(ar, network, skill, outcome):
    assert decide(ar, network, skill, enough=True) == Verdict(outcome, ar, network)
