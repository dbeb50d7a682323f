"""Linear processes: closed forms, hand-computed paths, refused parameters."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.errors import PlanError, SeriesTooShortError
from forecastkit.sources.linear import Arma, Break, RandomWalk, SeasonalNoise

AR2 = Arma(phi=(1.2, -0.4))
LINEAR = {
    "ar1": Arma(phi=(0.9,)),
    "ar2_cyclic": Arma(phi=(1.5, -0.75)),
    "arma11": Arma(phi=(0.8,), theta=(0.4,)),
    "seasonal_ar_1_1_12": Arma(phi=(0.5,), seasonal=0.6, season=12),
    "ma2": Arma(theta=(0.6, 0.3)),
}


class TestArma:
    @pytest.mark.parametrize("name", LINEAR)
    def test_errors_equal_the_reference(self, name, reference):
        known = reference("oracles")["linear"][name]
        process = LINEAR[name]
        assert process.coefficients == pytest.approx(known["ar"], abs=1e-15)
        assert process.optimal_mse(24) == pytest.approx(known["mse_by_h"][:24], rel=1e-12)

    def test_errors_scale_with_the_variance_of_the_noise(self):
        assert Arma(phi=(0.5,), sigma=3.0).optimal_mse(3).tolist() == [9.0, 11.25, 11.8125]

    def test_forecast_by_hand(self):
        """1.2 * 2 - 0.4 * 1 = 2; 1.2 * 2 - 0.4 * 2 = 1.6; 1.2 * 1.6 - 0.4 * 2 = 1.12."""
        past = np.array([77.0, 1.0, 2.0])
        assert AR2.optimal_forecast(past, 3) == pytest.approx([2.0, 1.6, 1.12], rel=1e-15)
        assert Arma().optimal_forecast(past, 2).tolist() == [0.0, 0.0]
        assert Arma(mean=5.0).optimal_forecast(past, 2).tolist() == [5.0, 5.0]

    def test_moving_average_by_hand(self):
        """Shocks from a zero start: e_1 = 1, e_2 = 2 - 0.5 = 1.5; forecast 0.5 * 1.5, then nothing."""
        path = Arma(theta=(0.5,)).optimal_forecast(np.array([1.0, 2.0]), 3)
        assert path == pytest.approx([0.75, 0.0, 0.0], rel=1e-15)

    def test_simulation_follows_the_recursion(self):
        values = AR2.simulate(50, np.random.default_rng(3))
        noise = np.random.default_rng(3).normal(size=550)[500:]
        assert values[2:] - 1.2 * values[1:-1] + 0.4 * values[:-2] == pytest.approx(noise[2:], abs=1e-12)

    def test_shocks_of_an_arma_are_recovered(self):
        process = Arma(phi=(0.8,), theta=(0.4,))
        values = process.simulate(300, np.random.default_rng(3))
        noise = np.random.default_rng(3).normal(size=800)[500:]
        one_ahead = [process.optimal_forecast(values[:t], 1)[0] for t in range(100, 300)]
        assert values[100:] - one_ahead == pytest.approx(noise[100:], abs=1e-10)

    def test_too_short_a_past_is_refused(self):
        with pytest.raises(SeriesTooShortError, match="needs the last 2 values; 1 are known"):
            AR2.optimal_forecast(np.array([1.0]), 3)

    @pytest.mark.parametrize(
        "wrong",
        [{"phi": (1.0,)}, {"theta": (2.0,)}, {"sigma": 0.0}, {"seasonal": 1.0, "season": 12}, {"season": 0}],
    )
    def test_what_is_not_stationary_or_out_of_range_is_refused(self, wrong):
        with pytest.raises(PlanError, match="A synthetic process was given"):
            Arma(**wrong)


class TestRandomWalk:
    def test_errors_equal_the_reference(self, reference):
        known = reference("oracles")["linear"]["random_walk_drift"]
        walk = RandomWalk(drift=known["drift"])
        estimated = walk.estimated_drift_mse(24, 100)
        assert walk.optimal_mse(24).tolist() == known["mse_by_h_known_drift"]
        assert estimated == pytest.approx(known["mse_by_h_estimated_drift_n100"], rel=1e-12)

    def test_it_starts_at_its_first_shock(self):
        values = RandomWalk().simulate(5, np.random.default_rng(3))
        assert values == pytest.approx(np.cumsum(np.random.default_rng(3).normal(size=5)), rel=1e-15)

    def test_forecast_goes_on_with_the_drift(self):
        assert RandomWalk(drift=0.5).optimal_forecast(np.array([9.0, 2.0]), 3).tolist() == [2.5, 3.0, 3.5]


class TestSeasonalNoise:
    def test_the_phase_follows_the_position(self):
        """Season 4: level 10 + trend t + 2 sin(pi t / 2)."""
        process = SeasonalNoise(season=4, trend=1.0)
        path = process.optimal_forecast(np.zeros(3), 3, start=2)
        assert path == pytest.approx([10 + 5 + 2, 10 + 6, 10 + 7 - 2], abs=1e-12)
        assert process.period == 4

    def test_errors_are_the_noise(self):
        assert SeasonalNoise(sigma=0.5).optimal_mse(3).tolist() == [0.25, 0.25, 0.25]


class TestBreak:
    def test_the_forecast_changes_its_parameters_on_the_day(self):
        """Two values known, the break at 3: 0.5 * 4 = 2, then 10 + 0.25 * (2 - 10) = 8, then 9.5."""
        process = Break(at=3, mean=0.0, phi=0.5, mean_after=10.0, phi_after=0.25)
        path = process.optimal_forecast(np.array([1.0, 4.0]), 3)
        assert path.tolist() == [2.0, 8.0, 9.5]
        assert process.unaware_forecast(np.array([1.0, 4.0]), 3).tolist() == [2.0, 1.0, 0.5]

    def test_errors_across_the_break(self):
        """1, then 1 + 0.25^2 * 1, then 1 + 0.25^2 * 1.0625, for an origin one step before it."""
        process = Break(at=3, phi=0.5, phi_after=0.25)
        assert process.optimal_mse(3, origin=2).tolist() == [1.0, 1.0625, 1.06640625]
        assert process.optimal_mse(2).tolist() == [1.0, 1.0625]

    def test_the_error_of_whoever_misses_the_break(self):
        process = Break(at=20)
        values = process.simulate(40_000, np.random.default_rng(4))
        origins = range(1000, 39_000, 4)
        errors = [values[t : t + 4] - process.unaware_forecast(values[:t], 4) for t in origins]
        found = np.square(errors)
        standard_error = 3 * found.std(axis=0) / np.sqrt(len(found))
        assert np.all(np.abs(found.mean(axis=0) - process.unaware_mse(4)) <= 5 * standard_error)
        assert np.all(process.unaware_mse(4) > process.optimal_mse(4))

    def test_a_coefficient_of_one_is_refused(self):
        with pytest.raises(PlanError, match=r"phi 0\.8 and 1\.0; less than 1 in size is needed"):
            Break(phi_after=1.0)
