"""Synthetic processes: the best forecast and its error are known."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.errors import DatasetNotFoundError, PlanError
from forecastkit.sources.synthetic import PROCESSES, Process, find_process, load_synthetic, psi_weights

AR2 = PROCESSES["ar2"]


@pytest.mark.parametrize("name", ["ar1", "ar2_cyclic", "seasonal_ar_1_1_12"])
def test_psi_and_optimal_mse_agree_with_the_reference(name, reference):
    known = reference("oracles")["linear"][name]
    process = Process(name, "", tuple(known["ar"]))
    assert psi_weights(np.array(known["ar"]), 24) == pytest.approx(known["psi"], rel=1e-12, abs=1e-15)
    assert process.optimal_mse(24) == pytest.approx(known["mse_by_h"], rel=1e-12)


def test_random_walk_agrees_with_the_reference(reference):
    known = reference("oracles")["linear"]["random_walk_drift"]["mse_by_h_known_drift"]
    assert PROCESSES["random-walk"].optimal_mse(24).tolist() == known


def test_white_noise_is_as_hard_at_every_step():
    assert PROCESSES["white-noise"].optimal_mse(4).tolist() == [1.0, 1.0, 1.0, 1.0]


def test_optimal_mse_scales_with_the_variance_of_the_noise():
    assert Process("x", "", (0.5,), sigma=3.0).optimal_mse(3).tolist() == [9.0, 11.25, 11.8125]


def test_optimal_forecast_by_hand():
    """1.2 * 2 - 0.4 * 1 = 2; 1.2 * 2 - 0.4 * 2 = 1.6; 1.2 * 1.6 - 0.4 * 2 = 1.12."""
    past = np.array([77.0, 1.0, 2.0])
    assert AR2.optimal_forecast(past, 3) == pytest.approx([2.0, 1.6, 1.12], rel=1e-15)
    assert PROCESSES["random-walk"].optimal_forecast(past, 2).tolist() == [2.0, 2.0]
    assert PROCESSES["white-noise"].optimal_forecast(past, 2).tolist() == [0.0, 0.0]


def test_simulation_follows_the_recursion():
    values = AR2.simulate(50, np.random.default_rng(3))
    noise = np.random.default_rng(3).normal(size=550)[500:]
    assert values[2:] - 1.2 * values[1:-1] + 0.4 * values[:-2] == pytest.approx(noise[2:], abs=1e-12)


def test_random_walk_starts_at_its_first_shock():
    values = PROCESSES["random-walk"].simulate(5, np.random.default_rng(3))
    assert values == pytest.approx(np.cumsum(np.random.default_rng(3).normal(size=5)), rel=1e-15)


def test_optimal_forecast_reaches_the_optimal_mse():
    """Over 4,000 origins the average squared error is within 12 % (three standard errors) of the theory."""
    values = AR2.simulate(4012, np.random.default_rng(11))
    errors = [values[t : t + 6] - AR2.optimal_forecast(values[:t], 6) for t in range(10, 4006)]
    assert np.mean(np.square(errors), axis=0) == pytest.approx(AR2.optimal_mse(6), rel=0.12)


class TestLoad:
    def test_same_name_same_numbers(self):
        one, two = load_synthetic("synthetic:ar2?n=50&seed=1"), load_synthetic("synthetic:ar2?seed=1&n=50")
        assert one.values.tolist() == two.values.tolist()
        assert (one.name, len(one), one.period, one.spacing) == ("ar2-n50-seed1", 50, 1, "regular")

    def test_another_seed_gives_another_series(self):
        one, two = load_synthetic("synthetic:ar2?n=50&seed=1"), load_synthetic("synthetic:ar2?n=50&seed=2")
        assert one.fingerprint != two.fingerprint
        assert abs(np.corrcoef(one.values, two.values)[0, 1]) < 0.7

    def test_defaults(self):
        series = load_synthetic("synthetic:white-noise")
        assert (len(series), series.name) == (1000, "white-noise-n1000-seed0")

    @pytest.mark.parametrize("query", ["n=1", "n=-5", "n=2.5", "n=", "n=many", "seed=-1", "seed=x"])
    def test_parameters_are_whole_numbers_in_range(self, query):
        key, _, text = query.partition("=")
        with pytest.raises(PlanError) as caught:
            load_synthetic(f"synthetic:ar2?{query}")
        assert str(caught.value) == (
            f"'synthetic:ar2?{query}' gives {key}='{text}'; a whole number is needed, n at least 2, seed at "
            "least 0."
        )

    def test_unknown_parameter_and_process(self):
        with pytest.raises(PlanError, match=r"has no parameter 'sead'\. Did you mean seed\?"):
            load_synthetic("synthetic:ar2?sead=1")
        with pytest.raises(
            DatasetNotFoundError, match=r"no synthetic process 'random_walk'\. Did you mean random-walk\?"
        ):
            find_process("random_walk")
