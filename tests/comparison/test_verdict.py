"""The decision table, row by row."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest

from forecastkit.comparison.verdict import CAPS, CONDITIONS, RULES, Cap, Outcome, Verdict, decide

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
    assert verdict == Verdict(outcome, "ar", "lstm", network_better, ar_better, row=verdict.row)
    assert RULES[verdict.row].outcome == outcome


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
    verdict = decide(ar, network, skill, enough=True)
    assert verdict == Verdict(outcome, ar, network, row=verdict.row)


def test_every_row_is_reached_and_every_answer_has_a_row():
    """All answers there are: one outcome each, and no row that nothing leads to."""
    reached = set()
    for enough, ar_skill, network_skill, better, worse in itertools.product((True, False), repeat=5):
        skill = {"ar": (1,) if ar_skill else (), "lstm": (1,) if network_skill else ()}
        for pair in (BOTH, ("ar", None), (None, "lstm")):
            duel = {} if None in pair else {"network_better": (1,) * better, "ar_better": (1,) * worse}
            verdict = decide(*pair, skill, enough=enough, **duel)
            assert verdict.outcome == RULES[verdict.row].outcome
            reached.add(verdict.row)
    assert reached == set(range(len(RULES)))
    assert {rule.outcome for rule in RULES} == set(get_args(Outcome))


def test_the_table_asks_known_questions_and_caps_have_words():
    assert {question for rule in RULES for question in rule.answers} == set(CONDITIONS)
    assert set(CAPS) == set(get_args(Cap))
