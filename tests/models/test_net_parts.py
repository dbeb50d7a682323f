"""Parts of the networks' recipe that need no TensorFlow: blocks, bases, views, the last layer, the guard."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecastkit.errors import SeriesTooShortError
from forecastkit.models._net_bases import AutoregressivePath, Repeat, choose_repeat
from forecastkit.models._net_guard import guard_weights, nothing_is_found
from forecastkit.models._net_learning import learn
from forecastkit.models._net_lessons import Lessons
from forecastkit.models._net_readout import by_row, choose_penalties, solve_readout
from forecastkit.models._net_shapes import Shape, Wishes, search
from forecastkit.models._net_view import View, robust_size
from forecastkit.models._net_windows import Seen, Split, check_room, level_of, longest_past, targets_of
from forecastkit.models.autoregressive import Autoregression


def ar1(n: int, seed: int = 0, phi: float = 0.7) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=n)
    for t in range(1, n):
        values[t] += phi * values[t - 1]
    return values


class TestBlocks:
    @given(st.integers(80, 400), st.integers(1, 12), st.integers(1, 20))
    def test_targets_of_a_block_follow_all_targets_of_the_block_before(self, n, horizon, offset):
        split = Split.of(n, offset, horizon)
        if offset > longest_past(n, horizon):
            return
        assert split.train[0] == offset
        assert len(split.train) >= 16
        assert split.train[-1] + horizon == split.stop[0]
        assert split.stop[-1] + horizon == split.guard[0]
        assert split.guard[-1] + horizon == n
        assert min(len(split.stop), len(split.guard)) >= 8

    def test_the_length_that_is_asked_for_is_enough(self):
        with pytest.raises(SeriesTooShortError, match=r": (\d+) are needed") as caught:
            check_room("lstm", 50, 24, 12)
        needed = int(str(caught.value).split(": ")[1].split(" ")[0])
        assert check_room("lstm", needed, 24, 12) is None
        with pytest.raises(SeriesTooShortError):
            check_room("lstm", needed - 1, 24, 12)


class TestBases:
    def test_repetitions_by_hand(self):
        windows = np.array([[1.0, 2.0, 3.0, 14.0]])
        assert Repeat("naive", 3).paths(windows, 4).tolist() == [[14, 14, 14, 14]]
        assert Repeat("last season", 3).paths(windows, 4).tolist() == [[2, 3, 14, 2]]
        assert Repeat("last season moved", 3).paths(windows, 4).tolist() == [[15, 16, 27, 15]]

    def test_the_closest_repetition_is_chosen(self, history):
        season = np.tile([0.0, 5.0, -5.0], 40) + 0.01 * ar1(120)
        split = Split.of(120, 6, 4)
        assert choose_repeat(history(season, 3), split, 4, drawn=False).name == "last season"
        assert choose_repeat(history(ar1(120, phi=1.0), 3), split, 4, drawn=False).name == "naive"

    def test_a_path_is_drawn_to_the_mean_as_least_squares_says(self):
        windows = np.array([[1.0], [3.0], [5.0]])
        targets = 3 + (windows - 3) * [0.5, 2.0, -1.0]
        base = Repeat().drawn(windows, targets)
        assert (base.mean, base.shares) == (3, pytest.approx((0.5, 1, 0)))
        assert base.paths(np.array([[7.0]]), 3)[0] == pytest.approx([5, 7, 3])

    def test_a_training_path_knows_nothing_of_its_own_targets(self, history):
        values, horizon = ar1(160), 3
        recipe = Autoregression(max_lag=2, difference=False, shrink=False)
        base = AutoregressivePath(recipe, train_until=130)
        origins = np.arange(6, 128)
        before = base.inside(history(values), origins, horizon, training=True)
        part = np.array_split(origins, 5)[2]
        changed = values.copy()
        changed[part[0] : part[-1] + horizon] = 1e6
        after = base.inside(history(changed), origins, horizon, training=True)
        row = int(np.flatnonzero(origins == part[0])[0])
        assert after[row].tobytes() == before[row].tobytes()
        assert not np.allclose(after[0], before[0])

    def test_a_later_path_is_that_of_the_autoregression_there(self, history):
        values = ar1(160)
        recipe = Autoregression(max_lag=2, difference=False, shrink=False)
        base = AutoregressivePath(recipe, train_until=100)
        path = base.inside(history(values), np.array([120, 140]), 3, training=False)
        alone = base.ahead([history(values[:120]), history(values[:140])], 3)
        assert path == pytest.approx(alone, rel=1e-10)

    def test_changes_are_continued_on_their_running_sum(self, history):
        changes = ar1(150)
        recipe = Autoregression(max_lag=2)
        base = AutoregressivePath(recipe, train_until=120)
        past = history(changes, changes=True)
        level = np.concatenate([[0.0], np.cumsum(changes)])
        direct = recipe.fit(history(changes[:129], changes=True), horizon=3, rng=None)
        moved = level[129] + np.cumsum(direct.forecast(history(changes[:129], changes=True), 3))
        assert base.inside(past, np.array([130]), 3, training=False)[0] == pytest.approx(moved)
        trained = base.inside(past, np.arange(10, 110), 3, training=True)
        assert np.abs(trained - level[np.arange(9, 109)][:, None]).max() < 10


@pytest.mark.parametrize("changes", [False, True])
def test_the_end_of_a_past_is_seen_as_an_origin_inside_it(history, changes, rng):
    known, observed = rng.normal(size=(43, 2)), rng.normal(size=(40, 1))
    past = replace(history(ar1(40), 7, changes=changes), start=5, known=known, past=observed)
    shorter = replace(past, values=past.values[:35], index=past.index[:35])
    found = Seen.at_ends([shorter, past], 6, 3)
    inside = Seen.inside(past, np.array([35, 40]) + int(changes), 6, 3)
    assert found.times.tolist() == inside.times.tolist() == [39, 44]
    assert found.levels.tolist() == inside.levels.tolist()
    assert found.covariates.tolist() == inside.covariates.tolist()


class TestView:
    def seen(self, values: np.ndarray, length: int) -> Seen:
        rows = np.lib.stride_tricks.sliding_window_view(values, length)
        return Seen(rows, np.arange(length - 1, len(values)), np.empty((len(rows), length, 0)))

    def test_a_season_shares_a_time_step(self):
        seen = self.seen(np.arange(30.0), 12)
        view = View.fit(seen, 4, fold=4, level_visible=False, log=False)
        inputs = view.inputs(seen)
        assert inputs.shape == (19, 3, 4 + 2)
        assert inputs[0, :, :4].ravel() == pytest.approx((np.arange(12) - 11) / view.distance)
        assert inputs[0, :, 4] == pytest.approx(inputs[4, :, 4])

    @pytest.mark.parametrize("size", [1e-12, 1.0, 1e12])
    def test_units_do_not_matter(self, size):
        views = []
        for unit in (1.0, size):
            seen = self.seen(unit * (5 + ar1(60)), 6)
            view = View.fit(seen, 1, fold=1, level_visible=True, log=False)
            views.append(view.inputs(seen))
        assert views[1] == pytest.approx(views[0], rel=1e-9)

    def test_one_wild_value_leaves_the_others_as_they_were(self):
        values = ar1(300)
        wild = values.copy()
        wild[150] = 1e6
        plain, shaken = (
            View.fit(self.seen(v, 6), 1, fold=1, level_visible=True, log=False) for v in (values, wild)
        )
        assert shaken.distance == pytest.approx(plain.distance, rel=0.5)
        assert np.abs(shaken.inputs(self.seen(wild, 6))).max() == 10

    def test_a_constant_has_size_one(self):
        assert robust_size(np.zeros(5)) == 1
        assert robust_size(np.full(5, 1e-200)) == pytest.approx(1e-200)

    def test_nothing_below_zero_is_asked_for_its_logarithm(self):
        view = View.fit(self.seen(np.exp(ar1(50)), 6), 1, fold=1, level_visible=True, log=True)
        assert np.isfinite(view.inputs(self.seen(-np.ones(20), 6))).all()


class TestReadout:
    def test_it_finds_a_linear_map(self, rng):
        features = rng.normal(size=(200, 3)) * [1.0, 1e-3, 1e3]
        truth = np.array([[1.0, 0.0], [2e3, 0.0], [0.0, 1e-3]])
        targets = features @ truth + [0.5, -2.0]
        penalties = choose_penalties((features[:150], targets[:150]), (features[150:], targets[150:]))
        readout = solve_readout(features[:150], targets[:150], penalties)
        assert readout.apply(features) == pytest.approx(targets, abs=1e-6)

    def test_it_finds_nothing_in_noise(self, rng):
        features, targets = rng.normal(size=(60, 40)), rng.normal(size=(60, 1))
        later = rng.normal(size=(500, 40)), rng.normal(size=(500, 1))
        penalties = choose_penalties((features, targets), later)
        readout = solve_readout(features, targets, penalties)
        assert penalties[0] == 10
        assert np.std(readout.apply(later[0])) < 0.2

    def test_what_is_known_by_then_is_used_at_every_step(self, rng):
        """The last window has a target one step ahead and none two steps ahead."""
        features = rng.normal(size=(40, 2))
        targets = rng.normal(size=(40, 2))
        targets[-1, 1] = np.nan
        found = solve_readout(features, targets, np.full(2, 1e-12))
        for h, known in enumerate((40, 39)):
            design = np.hstack([np.ones((known, 1)), features[:known]])
            expected = np.linalg.lstsq(design, targets[:known, h], rcond=None)[0]
            assert [found.constant[h], *found.coefficients[:, h]] == pytest.approx(expected, rel=1e-8)

    def test_absolute_errors_follow_the_median(self, rng):
        features = rng.normal(size=(400, 1))
        skewed = np.exp(rng.normal(size=400) * 1.5)[:, None]
        pair = (features, skewed)
        mean, median = (solve_readout(*pair, np.array([1e-9]), absolute=a).constant[0] for a in (False, True))
        assert mean == pytest.approx(skewed.mean(), abs=0.3)
        assert median == pytest.approx(np.median(skewed), abs=0.3)

    @pytest.mark.parametrize("horizon", [1, 2, 24])
    @pytest.mark.parametrize("width", [1, 5, 128, 333])
    def test_a_row_has_the_same_bits_alone_and_among_others(self, rng, width, horizon):
        features, coefficients = rng.normal(size=(250, width)), rng.normal(size=(width, horizon))
        alone = np.concatenate([by_row(features[i : i + 1], coefficients) for i in range(250)])
        assert alone == pytest.approx(features @ coefficients, abs=1e-10)
        for size in (1, 2, 3, 7, 63, 64, 65, 250):
            places = rng.permutation(250)[:size]
            assert by_row(features[places], coefficients).tobytes() == alone[places].tobytes()


class TestGuard:
    def test_a_correction_that_is_right_is_taken(self, rng):
        errors = rng.normal(size=(400, 4))
        assert guard_weights(errors, 0.9 * errors) == pytest.approx(np.ones(4), abs=0.01)

    def test_noise_is_mostly_refused(self, rng):
        weights = [guard_weights(rng.normal(size=(300, 6)), rng.normal(size=(300, 6))) for _ in range(50)]
        assert np.mean([w > 0 for w in weights]) < 0.2
        assert np.mean(weights) < 0.02

    @given(st.integers(0, 1000))
    def test_weights_are_shares(self, seed):
        noise = np.random.default_rng(seed).normal(size=(2, 40, 12))
        weights = guard_weights(noise[0], noise[1] + 0.3 * noise[0])
        assert ((weights >= 0) & (weights <= 1)).all()

    def test_no_correction_has_no_weight(self, rng):
        assert guard_weights(rng.normal(size=(50, 3)), np.zeros((50, 3))).tolist() == [0, 0, 0]

    def test_nothing_is_found_in_a_random_walk(self, history):
        split = Split.of(400, 12, 5)
        assert nothing_is_found(history(ar1(400, phi=1.0)), split, 5)
        assert not nothing_is_found(history(ar1(400)), split, 5)
        trending = np.cumsum(ar1(400, phi=0.8))
        assert not nothing_is_found(history(trending), split, 5)


class TestSearch:
    def search(self, past, horizon, wishes, error, most):
        """Search by errors that no training has to find."""

        def told(shape):
            return error(shape)
            yield

        return learn(search(past, horizon, wishes, told, most))

    def test_it_goes_from_window_to_width_to_logarithm(self, history):
        past = history(np.exp(ar1(2000)))
        tried = []

        def error(shape):
            tried.append(shape)
            return 1 / len(tried)

        best, count = self.search(past, 5, Wishes(), error, 4)
        assert count == len(tried) == 4
        assert best == Shape(48, 1, 64, log=True)
        assert self.search(past, 5, Wishes(), error, 2)[1] == 2

    def test_what_is_stated_is_not_searched(self, history):
        wishes = Wishes(lookback=20, units=8, log=False)
        assert self.search(history(ar1(900)), 5, wishes, lambda _: 1.0, 4) == (Shape(20, 1, 8), 0)

    def test_a_long_season_may_share_a_step(self, history):
        tried = []
        self.search(history(ar1(3000), 24), 24, Wishes(), lambda s: tried.append(s) or 1.0, 9)
        assert tried == [Shape(168, 24, 64), Shape(48, 1, 32)]

    def test_of_a_short_series_only_where_it_is_clearly_better(self, history):
        tried = []
        self.search(history(ar1(700), 24), 24, Wishes(), lambda s: tried.append(s) or 1.0, 9)
        assert tried == [Shape(24, 1, 32), Shape(168, 24, 32)]


def test_lessons_go_on_to_the_last_value(history):
    values = ar1(200)
    lessons = Lessons.of(history(values), 3, Shape(6, 1, 4), level_visible=True, autoregression=None)
    stop, guard = lessons.rows
    known = np.isfinite(lessons.later.targets).sum(axis=1)
    assert known.tolist() == [3] * (len(known) - 2) + [2, 1]
    first = int(lessons.split.train[-1]) + 1
    assert (first + np.arange(len(known)))[stop].tolist() == lessons.split.stop.tolist()
    assert (first + np.arange(len(known)))[guard].tolist() == lessons.split.guard.tolist()


@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize("recipe", [None, Autoregression(max_lag=2)])
def test_late_lessons_know_nothing_of_what_comes_after_them(history, recipe, changes):
    """The last origins have fewer than three targets; what follows an origin moves no path and no input."""

    def lessons(values):
        past = history(values, changes=changes)
        return past, Lessons.of(past, 3, Shape(6, 1, 4), level_visible=False, autoregression=recipe)

    values = ar1(160)
    past, before = lessons(values)
    origins = 160 + int(changes) - np.array([9, 2, 1])
    paths = before.frame.base.inside(past, origins, 3, training=False)
    errors = (targets_of(level_of(past), origins, 3) - paths) / before.frame.scale
    rows = origins - 1 - before.split.train[-1]
    assert before.later.targets[rows] == pytest.approx(errors, rel=1e-9, nan_ok=True)
    for known, path in zip(origins, paths, strict=True):
        spoilt = values.copy()
        spoilt[known - int(changes) :] = 1e6
        past, after = lessons(spoilt)
        last = known - before.split.train[-1]
        assert after.later.inputs[:last].tobytes() == before.later.inputs[:last].tobytes()
        assert after.train.targets.tobytes() == before.train.targets.tobytes()
        again = after.frame.base.inside(past, np.array([known]), 3, training=False)[0]
        assert again == pytest.approx(path, rel=1e-9)


def test_lessons_take_their_scale_from_training_alone(history):
    values = ar1(200)
    changed = values.copy()
    changed[150:] *= 100
    shape = Shape(6, 1, 4)
    scales = [
        Lessons.of(history(v), 3, shape, level_visible=True, autoregression=None).frame.scale
        for v in (values, changed)
    ]
    assert scales[0].tolist() == scales[1].tolist()
