"""The plan is pure arithmetic: every count by hand, every promise as a property."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import plans

from forecastkit.backtesting.plan import FEWEST_TRAINING, BacktestPlan
from forecastkit.errors import PlanError, SeriesTooShortError


def place(plan: BacktestPlan, n: int) -> np.ndarray | None:
    """The origins, or None where the plan does not fit."""
    try:
        return plan.origin_positions(n)
    except SeriesTooShortError:
        return None


class TestDefaultCount:
    @pytest.mark.parametrize(
        ("n", "horizon", "first", "count"),
        [
            (309, 24, 155, 131),  # half of 309 is 154.5; the last origin is 285
            (2000, 24, 1497, 480),  # 977 would leave half; at most max(250, 20 * 24) = 480
            (2000, 6, 1745, 250),  # at most max(250, 120)
            (150, 24, 100, 27),  # 100 to train on; the last origin is 126
            (124, 24, 100, 1),  # just 100 + H
            (123, 24, 61, 39),  # below 100 + H: n / 2
            (110, 24, 55, 32),
            (60, 24, 30, 7),  # fewer than 10: the verdict will say so
            (49, 24, 25, 1),  # 25 is the fewest that are fitted on
        ],
    )
    def test_by_hand(self, n, horizon, first, count):
        origins = BacktestPlan(horizon=horizon).origin_positions(n)
        assert (origins[0], origins[-1], len(origins)) == (first, n - horizon, count)

    def test_steps_apart(self):
        """285, 275, ..., 155: 14 origins."""
        origins = BacktestPlan(horizon=24, step=10).origin_positions(309)
        assert origins.tolist() == list(range(155, 286, 10))

    @pytest.mark.parametrize(("n", "horizon"), [(309, 24), (150, 24), (1000, 12)])
    def test_what_a_gap_takes_is_not_counted_as_training(self, n, horizon):
        """max(100, n / 2) observations are left to train on, whatever the gap."""
        plan = BacktestPlan(horizon=horizon, gap=10)
        origins = plan.origin_positions(n)
        part = plan.training_part(int(origins[0]))
        assert part.stop - part.start >= max(100, n / 2)

    @given(st.integers(26, 3000), st.integers(1, 40), st.integers(1, 5))
    def test_leaves_enough_and_not_too_many(self, n, horizon, step):
        origins = place(BacktestPlan(horizon=horizon, step=step), n)
        if origins is None:
            assert n < horizon + FEWEST_TRAINING
            return
        enough = max(100, n / 2) if n >= 100 + horizon else n // 2
        assert 1 <= len(origins) <= max(250, 20 * horizon)
        assert origins[0] >= min(max(enough, FEWEST_TRAINING), n - horizon)
        one_more = origins[0] - step
        assert one_more < max(enough, FEWEST_TRAINING) or len(origins) == max(250, 20 * horizon)


class TestOrigins:
    @given(plans(), st.integers(20, 400))
    def test_increase_by_step_and_end_where_the_last_target_is(self, plan, n):
        origins = place(plan, n)
        if origins is None:
            return
        assert (np.diff(origins) == plan.step).all()
        assert origins[-1] + plan.horizon == n
        assert plan.origins is None or len(origins) == plan.origins
        assert origins.dtype == np.int64

    @given(plans(), st.integers(20, 400))
    def test_past_and_targets_do_not_overlap(self, plan, n):
        origins = place(plan, n)
        for origin in [] if origins is None else origins.tolist():
            training, known = plan.training_part(origin), plan.known_part(origin)
            assert known.stop == origin
            assert training.stop == origin - plan.gap
            targets = set(range(origin, origin + plan.horizon))
            assert targets.isdisjoint(range(n)[known])
            assert targets.isdisjoint(range(n)[training])
            assert max(targets) < n

    @given(plans(), st.integers(20, 400))
    def test_every_fit_has_its_window_or_at_least_25(self, plan, n):
        origins = place(plan, n)
        for origin in [] if origins is None else origins.tolist():
            training = range(n)[plan.training_part(origin)]
            if plan.train_window is None:
                assert training.start == 0
                assert len(training) == origin - plan.gap >= FEWEST_TRAINING
            else:
                assert len(training) == len(range(n)[plan.known_part(origin)]) == plan.train_window

    @given(plans(), st.integers(20, 400))
    def test_refused_only_where_it_does_not_fit(self, plan, n):
        earliest = plan.gap + (plan.train_window or FEWEST_TRAINING)
        span = 0 if plan.origins is None else (plan.origins - 1) * plan.step
        assert (place(plan, n) is None) == (n < plan.horizon + earliest + span)

    def test_a_rolling_window_by_hand(self):
        plan = BacktestPlan(horizon=2, origins=3, step=5, gap=1, train_window=25)
        origins = plan.origin_positions(60)
        assert origins.tolist() == [48, 53, 58]
        assert [plan.training_part(t) for t in (48, 53, 58)] == [slice(22, 47), slice(27, 52), slice(32, 57)]
        assert plan.known_part(58) == slice(33, 58)


class TestTooShort:
    def test_horizon(self):
        with pytest.raises(SeriesTooShortError) as caught:
            BacktestPlan(horizon=24).origin_positions(48, "spx")
        assert str(caught.value) == (
            "Series 'spx' has 48 observations; horizon 24 and 25 before the first origin need 49. Use a "
            "shorter horizon (at most 23) or a longer series."
        )

    def test_origins(self):
        with pytest.raises(SeriesTooShortError) as caught:
            BacktestPlan(horizon=24, origins=50).origin_positions(80, "spx")
        assert str(caught.value) == (
            "Series 'spx' has 80 observations; horizon 24, 50 origins 1 apart and 25 before the first need "
            "98. Use origins=32 or fewer."
        )

    @given(plans().filter(lambda plan: plan.origins is not None), st.integers(60, 200))
    def test_the_advice_is_the_most_that_fits(self, plan, n):
        try:
            plan.origin_positions(n)
        except SeriesTooShortError as error:
            advised = str(error).partition("Use origins=")[2].partition(" ")[0]
        else:
            return
        if not advised:  # not even one origin fits
            assert place(replace(plan, origins=1), n) is None
            return
        most = int(advised)
        assert len(replace(plan, origins=most).origin_positions(n)) == most
        assert place(replace(plan, origins=most + 1), n) is None


class TestRefits:
    def test_blocks_by_hand(self):
        origins = np.arange(100, 107)
        plan = BacktestPlan()
        assert [block.tolist() for block in plan.blocks(origins, 3)] == [
            [100, 101, 102],
            [103, 104, 105],
            [106],
        ]
        assert [block.tolist() for block in plan.blocks(origins, None)] == [origins.tolist()]
        assert len(plan.blocks(origins, 1)) == 7

    @given(st.integers(1, 60), st.none() | st.integers(1, 70))
    def test_blocks_partition_the_origins(self, count, interval):
        origins = np.arange(30, 30 + count)
        blocks = BacktestPlan().blocks(origins, interval)
        assert np.concatenate(blocks).tolist() == origins.tolist()
        assert {len(block) for block in blocks[:-1]} <= {interval}
        assert 1 <= len(blocks[-1]) <= (interval or count)

    def test_policy_by_model(self):
        plan = BacktestPlan(refit_every={"ar": 5, "lstm": None})
        assert [plan.refit_interval(name, 1, 100) for name in ("ar", "lstm", "mine")] == [5, None, 1]
        assert BacktestPlan().refit_interval("lstm", None, 100) is None

    def test_one_policy_for_all(self):
        assert BacktestPlan(refit_every=20).refit_interval("ar", 1, 100) == 20
        assert BacktestPlan(refit_every=None).refit_interval("ar", 1, 100) is None

    @pytest.mark.parametrize(
        ("settings", "share", "origins"),
        [
            ({"origins": 51}, 0.1, 14),
            ({"origins": 26, "step": 2}, 0.1, 7),
            ({"train_window": 30}, 0.1, 3),
            ({"origins": 51}, 0.001, 1),
        ],
    )
    def test_a_share_is_of_the_first_training_part(self, settings, share, origins):
        """200 values, horizon 10, 51 origins from 140 on: a tenth of 140 are 14."""
        plan = BacktestPlan(horizon=10, **settings)
        assert plan.refit_interval("lstm", share, 200) == origins


class TestRefused:
    @pytest.mark.parametrize(
        ("setting", "value", "least"),
        [
            ("horizon", 0, 1),
            ("horizon", 2.0, 1),
            ("horizon", True, 1),
            ("horizon", "24", 1),
            ("step", 0, 1),
            ("gap", -1, 0),
            ("origins", 0, 1),
            ("train_window", 24, 25),
            ("refit_every", 0, 1),
        ],
    )
    def test_numbers_out_of_range(self, setting, value, least):
        with pytest.raises(PlanError) as caught:
            BacktestPlan(**{setting: value})
        assert str(caught.value) == f"{setting} is {value!r}; a whole number of at least {least} is needed."

    def test_a_policy_out_of_range_names_its_model(self):
        with pytest.raises(PlanError, match="refit_every of lstm is 0; a whole number of at least 1"):
            BacktestPlan(refit_every={"ar": 1, "lstm": 0})

    def test_whole_numbers_of_numpy_are_taken(self):
        plan = BacktestPlan(horizon=np.int64(3), origins=np.int32(2))
        assert plan.origin_positions(40).tolist() == [36, 37]
