"""Synthetic series by name: what a source means, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.errors import DatasetNotFoundError, PlanError
from forecastkit.sources.linear import Arma
from forecastkit.sources.synthetic import PROCESSES, find_process, load_synthetic, parse_synthetic, realised


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
        with pytest.raises(PlanError, match=r"has no parameter 'sead'\. Did you mean seed"):
            load_synthetic("synthetic:ar2?sead=1")
        with pytest.raises(
            DatasetNotFoundError, match=r"no synthetic process 'random_walk'\. Did you mean random-walk"
        ):
            find_process("random_walk")


class TestParameters:
    def test_parameters_reach_the_process_and_the_name(self):
        source = "synthetic:arma?n=80&phi=0.5,0.2&theta=&sigma=2"
        process, n, seed = parse_synthetic(source)
        assert (process, n, seed) == (Arma(phi=(0.5, 0.2), sigma=2.0), 80, 0)
        assert load_synthetic(source).name == "arma-n80-seed0-phi0.5,0.2-sigma2"

    def test_a_series_knows_its_process_and_season(self):
        series = load_synthetic("synthetic:seasonal-ar?n=90")
        assert (series.process, series.period) == ("synthetic:seasonal-ar?n=90", 12)

    def test_the_seed_settles_where_chaos_begins(self):
        source = "synthetic:lorenz?n=60&seed=4"
        path = realised(source).optimal_forecast(np.zeros(40), 20)
        assert path.tolist() == load_synthetic(source).values[40:].tolist()

    @pytest.mark.parametrize(
        ("query", "told"),
        [
            ("phi=a", "numbers separated by commas are needed"),
            ("sigma=big", "a number is needed"),
            ("season=1.5", "a whole number is needed"),
            ("phi=1.5", "a stationary recursion is needed"),
        ],
    )
    def test_unreadable_parameters_are_refused(self, query, told):
        with pytest.raises(PlanError, match=told):
            load_synthetic(f"synthetic:arma?{query}")

    @pytest.mark.parametrize("name", PROCESSES)
    def test_every_process_makes_a_series(self, name):
        series = load_synthetic(f"synthetic:{name}?n=60")
        assert len(series) == 60
        assert np.ptp(series.values) > 0
