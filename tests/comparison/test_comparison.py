"""From planted errors to the verdict: every outcome, and the numbers behind it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forecastkit.comparison.adjustment import holm
from forecastkit.comparison.comparison import Comparison, conclude
from forecastkit.comparison.degradation import SkillHorizon, significant_set
from forecastkit.comparison.significance import diebold_mariano, equal_accuracy
from forecastkit.comparison.verdict import RULES
from forecastkit.series.series import Series
from forecastkit.series.transforms import find_transform

KINDS = {
    "naive": "reference",
    "climatology": "reference",
    "ar": "ar",
    "lstm": "network",
    "drift": "other",
}
ORIGINS, HORIZON, FIRST = 160, 3, 50
NAN = float("nan")


def noise(label: int, size: float = 1.0, origins: int = ORIGINS) -> np.ndarray:
    """Independent errors (O, H) of one model."""
    return size * np.random.default_rng([7, label]).normal(size=(origins, HORIZON))


def judge(
    planted: Any, errors: dict, *, loss: str = "squared", transform: str = "none", **more: Any
) -> Comparison:
    forecasts = planted(errors, {name: KINDS[name] for name in errors}, first=FIRST, **more)
    values = 100 + np.random.default_rng(3).normal(size=len(forecasts.index)).cumsum()
    series = Series.from_array(values, name="planted")
    return conclude(series, forecasts, transform=find_transform(transform), loss=loss)


def references(origins: int = ORIGINS) -> dict[str, np.ndarray]:
    return {"naive": noise(1, 2.0, origins), "climatology": noise(2, 2.2, origins)}


class TestOutcomes:
    def test_network_better(self, planted):
        result = judge(planted, {**references(), "ar": noise(3, 1.0), "lstm": noise(4, 0.4)})
        assert result.verdict.outcome == "rnn_worth_it"
        assert (result.verdict.network_better, result.verdict.ar_better) == ((1, 2, 3), ())
        whole = SkillHorizon(3, "H", (3, 3))
        assert result.skill_horizon == {"ar": whole, "lstm": whole}

    def test_ar_better(self, planted):
        result = judge(planted, {**references(), "ar": noise(3, 0.4), "lstm": noise(4, 1.0)})
        assert result.verdict.outcome == "ar_enough"
        assert (result.verdict.network_better, result.verdict.ar_better) == ((), (1, 2, 3))

    def test_tie(self, planted):
        result = judge(planted, {**references(), "ar": noise(3, 0.5), "lstm": noise(4, 0.5)})
        assert result.verdict.outcome == "tie"
        assert (result.verdict.network_better, result.verdict.ar_better) == ((), ())
        assert result.skill_set == {"ar": (1, 2, 3), "lstm": (1, 2, 3)}

    def test_neither(self, planted):
        result = judge(planted, {**references(), "ar": noise(3, 2.0), "lstm": noise(4, 2.1)})
        assert result.verdict.outcome == "neither_beats_naive"
        assert {(found.h, found.limit) for found in result.skill_horizon.values()} == {(0, "skill")}
        assert result.skill_set == {"ar": (), "lstm": ()}

    def test_better_than_the_other_without_skill_is_no_claim(self, planted):
        """Both are worse than naive; that the AR is the better of the two is not worth a word."""
        result = judge(planted, {**references(), "ar": noise(3, 3.0), "lstm": noise(4, 9.0)})
        assert (result.duel_adjusted < 0.05).all()
        assert (result.verdict.outcome, result.verdict.ar_better) == ("neither_beats_naive", ())

    def test_only_the_network_has_skill(self, planted):
        result = judge(planted, {**references(), "ar": noise(3, 2.5), "lstm": noise(4, 0.5)})
        assert result.verdict.outcome == "rnn_worth_it"
        assert result.skill_set == {"ar": (), "lstm": (1, 2, 3)}

    @pytest.mark.parametrize("origins", [1, 9])
    def test_not_enough_data(self, planted, origins):
        small = {"ar": noise(3, 0.5, origins), "lstm": noise(4, 0.1, origins)}
        result = judge(planted, {**references(origins), **small})
        assert result.verdict.outcome == "not_enough_data"
        assert result.skill_horizon["ar"] == SkillHorizon(0, "data")
        assert np.isnan(result.duel_adjusted).all()

    def test_within_seed_noise(self, planted):
        """The network is 10 % closer everywhere, but its three seeds differ by far more than that."""
        ar, jitter = noise(3, 0.5), noise(5, 0.5)
        lstm = 0.9 * ar
        members = np.stack([lstm + 2 * jitter, lstm - jitter, lstm - jitter])
        errors = {**references(), "ar": ar, "lstm": lstm}
        noisy = judge(planted, errors, members={"lstm": members})
        assert noisy.verdict.outcome == "tie"
        assert (noisy.verdict.within_seed_noise, noisy.verdict.network_better) == ((1, 2, 3), ())
        quiet = judge(planted, errors, members={"lstm": np.stack([lstm] * 3)})
        assert quiet.verdict.outcome == "rnn_worth_it"
        assert (quiet.verdict.within_seed_noise, quiet.verdict.network_better) == ((), (1, 2, 3))

    def test_a_dropped_network_leaves_the_ar_alone(self, planted):
        lstm = noise(4, 0.1)
        lstm[:20] = NAN
        result = judge(planted, {**references(), "ar": noise(3, 0.5), "lstm": lstm})
        assert result.scores.dropped == ("lstm",)
        assert (result.verdict.outcome, result.verdict.network) == ("skill_found", None)
        assert (result.duel, list(result.skill)) == ((), ["ar"])
        assert result.scores.n_origins == ORIGINS

    def test_a_few_failures_leave_the_common_origins(self, planted):
        lstm = noise(4, 0.4)
        lstm[:5] = NAN
        result = judge(planted, {**references(), "ar": noise(3, 1.0), "lstm": lstm})
        assert (result.scores.n_origins, result.scores.dropped) == (ORIGINS - 5, ())
        assert result.duel[0].n == ORIGINS - 5
        assert result.verdict.outcome == "rnn_worth_it"

    def test_references_alone_have_no_verdict(self, planted):
        result = judge(planted, {**references(), "drift": noise(3, 0.5)})
        assert result.verdict is None
        assert result.skill_set == {"drift": (1, 2, 3)}


class TestNumbers:
    def test_skill_is_against_the_best_reference_at_that_step(self, planted):
        """Mean squared errors 4 and 1 of naive, 1 and 9 of climatology, 0.25 of the AR."""
        sign = np.resize([1.0, -1.0], ORIGINS)[:, None]
        errors = {
            "naive": sign * [2.0, 1.0, 1.0],
            "climatology": sign * [1.0, 3.0, 3.0],
            "ar": sign * [0.5, 0.5, 2.0],
        }
        result = judge(planted, errors)
        assert result.best_reference == ("climatology", "naive", "naive")
        assert result.skill["ar"].tolist() == [0.75, 0.75, -3.0]
        absolute = judge(planted, errors, loss="absolute")
        assert absolute.skill["ar"].tolist() == [0.5, 0.5, -1.0]

    def test_a_perfect_reference_leaves_skill_undefined(self, planted):
        result = judge(planted, {"naive": np.zeros((ORIGINS, HORIZON)), "ar": noise(3)})
        assert np.isnan(result.skill["ar"]).tolist() == [True] * 3

    def test_p_value_is_that_of_the_hardest_reference(self, planted):
        errors = {**references(), "ar": noise(3, 1.6)}
        result = judge(planted, errors)
        for h, test in enumerate(result.skill_tests["ar"], start=1):
            column = {name: error[:, h - 1] ** 2 for name, error in errors.items()}
            each = {
                name: equal_accuracy(column["ar"] - column[name], h, 1, "less").p_value
                for name in ("naive", "climatology")
            }
            hardest = max(each, key=each.get)
            assert test.against == hardest
            assert test.p_value == pytest.approx(each[hardest], rel=1e-9)
            dm = diebold_mariano(column["ar"] - column[hardest], h, 1, "less")
            assert test.dm_p_value == pytest.approx(dm.p_value, rel=1e-9)

    def test_skill_set_holds_the_horizon_and_what_holm_leaves(self, planted):
        ar = noise(3, 1.0)
        ar[:, 1] *= 2.4  # no skill at h = 2, much at h = 1 and 3
        result = judge(planted, {**references(), "ar": ar})
        assert result.skill_horizon["ar"] == SkillHorizon(1, "skill", (1, 1))
        assert result.skill_set["ar"] == (1, 3)
        p = np.array([test.p_value for test in result.skill_tests["ar"]])
        assert significant_set(p, 0.05) == (1, 3)

    def test_duel_is_network_minus_ar_two_sided_and_adjusted(self, planted):
        errors = {**references(), "ar": noise(3, 1.0), "lstm": noise(4, 0.9)}
        result = judge(planted, errors)
        expected = [
            equal_accuracy(errors["lstm"][:, h - 1] ** 2 - errors["ar"][:, h - 1] ** 2, h, 1, "two-sided")
            for h in (1, 2, 3)
        ]
        assert [test.statistic for test in result.duel] == pytest.approx(
            [t.statistic for t in expected], rel=1e-9
        )
        assert result.duel_adjusted == pytest.approx(holm(np.array([t.p_value for t in expected])), rel=1e-9)
        assert [test.method for test in result.duel_dm] == ["DM-HLN"] * 3
        assert (result.duel[0].statistic < 0) == (
            result.scores.of("lstm", "squared")[0] < result.scores.of("ar", "squared")[0]
        )

    def test_origins_apart_share_fewer_targets(self, planted):
        """Three apart, nothing overlaps up to h = 3: each step is tested like the first."""
        result = judge(planted, {**references(15), "ar": noise(3, 0.5, 15)}, step=3)
        assert [test.p_value is None for test in result.skill_tests["ar"]] == [False, False, False]
        close = judge(planted, {**references(5), "ar": noise(3, 0.5, 5)}, step=3)
        assert {test.reason for test in close.skill_tests["ar"]} == {"not enough origins: 5 at overlap 1"}

    def test_data_end_the_sequence_where_overlaps_grow(self, planted):
        """Ten origins test h = 1 by DM-HLN; h = 2 needs EWC with two cosines, which 10 do not give."""
        result = judge(planted, {**references(10), "ar": noise(3, 0.01, 10)})
        assert result.skill_horizon["ar"] == SkillHorizon(1, "data")
        assert result.skill_tests["ar"][1].reason == "not enough origins: 10 at overlap 2"
        assert result.verdict.outcome == "skill_found"

    def test_seed_spread_and_costs(self, planted):
        lstm = np.ones((ORIGINS, HORIZON))
        members = np.stack([0 * lstm, 2 * lstm])
        result = judge(planted, {**references(), "lstm": lstm}, members={"lstm": members})
        assert result.seed_spread["lstm"].tolist() == [[0.0] * 3, [4.0] * 3]
        assert result.costs == {"naive": 1.5, "climatology": 1.5, "lstm": 1.5}
        assert (result.loss, result.settings) == ("squared", {"made": "by hand"})

    def test_mase_scale_is_fixed_before_the_first_origin_on_the_scored_scale(self, planted):
        errors = {"naive": np.ones((ORIGINS, HORIZON))}
        values = 100 + np.random.default_rng(3).normal(size=FIRST + ORIGINS + HORIZON - 1).cumsum()
        for transform, scale in (("none", values), ("difference", values), ("log-return", np.log(values))):
            result = judge(planted, errors, transform=transform)
            expected = 1 / np.mean(np.abs(np.diff(scale[:FIRST])))
            assert result.scores.mase[0] == pytest.approx([expected] * 3, rel=1e-9)

    def test_the_loss_decides(self, planted):
        """Rare large misses: worse in squares, better in absolute values."""
        wild = noise(4, 0.1)
        wild[::10] += 6.0
        errors = {**references(), "ar": noise(3, 1.2), "lstm": wild}
        assert judge(planted, errors).verdict.outcome == "ar_enough"
        assert judge(planted, errors, loss="absolute").verdict.outcome == "rnn_worth_it"


class TestEvidence:
    """What stands behind each outcome."""

    def test_the_winner_its_lead_and_its_cost(self, planted):
        ar, lstm = noise(3, 1.0), noise(4, 0.4)
        verdict = judge(planted, {**references(), "ar": ar, "lstm": lstm}).verdict
        assert (verdict.model, verdict.horizons, RULES[verdict.row].outcome) == (
            "lstm",
            (1, 2, 3),
            "rnn_worth_it",
        )
        lead = np.mean(1 - np.mean(lstm**2, axis=0) / np.mean(ar**2, axis=0))
        assert verdict.lead == pytest.approx(lead, rel=1e-9)
        assert verdict.lead_interval[0] < lead < verdict.lead_interval[1] <= 1
        assert verdict.skill_interval[0] < verdict.skill < verdict.skill_interval[1]
        assert verdict.cost_ratio == 1.0
        assert verdict.capped_by == ("one_seed",)
        assert 0 < verdict.detectable[0] <= verdict.detectable[1] < 1

    def test_a_tie_speaks_of_the_lead_that_could_be_seen(self, planted):
        verdict = judge(planted, {**references(), "ar": noise(3, 0.5), "lstm": noise(4, 0.5)}).verdict
        assert (verdict.outcome, verdict.model, verdict.horizons) == ("tie", "ar", (1, 2, 3))
        assert "power" in verdict.capped_by
        assert verdict.detectable[0] > 0.1

    def test_nothing_found_speaks_of_what_was_tested(self, planted):
        verdict = judge(planted, {**references(), "ar": noise(3, 2.0), "lstm": noise(4, 2.1)}).verdict
        assert (verdict.outcome, verdict.horizons) == ("neither_beats_naive", (1, 2, 3))
        assert verdict.skill_interval[0] < 0 < verdict.skill_interval[1]

    def test_each_is_better_somewhere(self, planted):
        ar, lstm = noise(3, 0.5), noise(4, 0.5)
        lstm[:, 1] = ar[:, 1]
        ar[:, 0] *= 2
        lstm[:, 2] *= 2
        result = judge(planted, {**references(), "ar": ar, "lstm": lstm})
        assert result.verdict.outcome == "depends_on_horizon"
        assert (result.verdict.network_better, result.verdict.ar_better) == ((1,), (3,))
        assert result.crossover.crossing.direction == "rnn_then_ar"
        assert result.crossover.crossing.first in result.crossover.confidence_set
        assert result.crossover.interval[0] <= result.crossover.crossing.h <= result.crossover.interval[1]

    def test_few_origins_have_no_bands_and_say_why(self, planted):
        result = judge(planted, {**references(9), "ar": noise(3, 0.5, 9), "lstm": noise(4, 0.1, 9)})
        assert (dict(result.bands.error), result.bands.difference) == ({}, None)
        assert result.bands.reason.startswith("9 origins hold")
        assert "data" in result.verdict.capped_by
        assert result.skill_horizon["ar"].interval is None
        assert result.crossover.confidence_set == ()

    def test_a_gap_between_iterated_and_direct(self, planted):
        errors = {**references(), "ar": noise(3, 1.0), "ar-direct": noise(6, 1.2)}
        forecasts = planted(errors, {**KINDS, "ar-direct": "ar"}, first=FIRST)
        series = Series.from_array(noise(8, 1.0, len(forecasts.index))[:, 0])
        result = conclude(series, forecasts, transform=find_transform("none"), loss="squared")
        gap = np.mean(errors["ar"] ** 2 - errors["ar-direct"] ** 2, axis=0)
        assert result.bands.direct_gap.estimate == pytest.approx(gap, rel=1e-9)
        assert result.bands.difference is None

    def test_regret_where_the_truth_is_known(self, planted):
        errors = {**references(), "ar": noise(3, 1.2), "oracle": noise(4, 1.0)}
        forecasts = planted(errors, {**KINDS, "oracle": "oracle"}, first=FIRST)
        series = Series.from_array(noise(8, 1.0, len(forecasts.index))[:, 0])
        result = conclude(series, forecasts, transform=find_transform("none"), loss="squared")
        ratio = np.mean(errors["ar"] ** 2, axis=0) / np.mean(errors["oracle"] ** 2, axis=0)
        assert result.degradation["ar"].regret == pytest.approx(ratio, rel=1e-9)
        assert result.linear is None

    def test_the_same_comparison_twice_is_the_same(self, planted):
        errors = {**references(), "ar": noise(3, 1.0), "lstm": noise(4, 0.9)}
        one, two = (judge(planted, errors) for _ in range(2))
        assert one.verdict == two.verdict
        assert (one.bands.skill["ar"].low == two.bands.skill["ar"].low).all()

    def test_many_models_at_one_step(self, planted):
        result = judge(planted, {**references(), "ar": noise(3, 0.5), "lstm": noise(4, 0.5)})
        assert set(result.confidence_set(1).excluded) == {"naive", "climatology"}
        assert set(result.against("naive", 1).better) >= {"ar", "lstm"}


def test_no_common_origin_is_not_enough_data(planted):
    """Ten models that each failed at one other origin of ten: nobody leaves, and no origin is left."""
    names = ("ar", "lstm", *(f"other{i}" for i in range(8)))
    errors = references(10)
    for i, name in enumerate(names):
        errors[name] = noise(10 + i, 1.0, 10)
        errors[name][i] = NAN
    families = {name: KINDS.get(name, "other") for name in errors}
    forecasts = planted(errors, families, first=FIRST)
    series = Series.from_array(noise(3, 1.0, 30)[:, 0])
    result = conclude(series, forecasts, transform=find_transform("none"), loss="squared")
    assert (result.scores.n_origins, result.scores.dropped) == (0, ())
    assert np.isnan(result.skill["ar"]).tolist() == [True] * 3
    assert result.verdict.outcome == "not_enough_data"
