"""Proof of no look-ahead: every registered model passes, every planted leak fails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import forecastkit as fk
from forecastkit.backtesting.poison import poisoned, regenerated
from forecastkit.errors import FitError, PlanError, SeriesTooShortError
from forecastkit.models.protocol import Answers
from forecastkit.models.registry import find_model, model_names

SOURCE = "synthetic:ar2?n=150&seed=4"
TINY = {"units": 3, "epochs": 2, "lookback": 6, "seeds": 1, "batch": 16, "process": SOURCE}
QUICK = [name for name in model_names() if getattr(find_model(name), "family", "") != "network"]


@pytest.fixture(scope="module")
def series() -> fk.Series:
    return fk.load(SOURCE)


@pytest.mark.parametrize("name", QUICK)
def test_registered_models_are_certified(name: str, series: fk.Series) -> None:
    certificate = fk.prove_no_leak(find_model(name, **TINY), series)
    assert certificate.outcome == "certified", certificate


@pytest.mark.slow
def test_the_lstm_is_certified(series: fk.Series) -> None:
    certificate = fk.prove_no_leak(find_model("lstm", **TINY), series, horizon=4)
    assert certificate.outcome == "certified", certificate
    assert certificate.order_matters


@dataclass(frozen=True)
class Leaky:
    """The last value and a little of what it should not know."""

    name: str = "leaky"
    amount: float = 0.0

    def fit(self, history, *, horizon, rng):
        return self

    def forecast(self, history, horizon):
        return np.full(horizon, history.values[-1] + self.amount)


class Whole(Leaky):
    def forecast_origins(self, history, schedule, *, horizon, rng):
        spread = history.values.std()  # of all that was handed over, not of what each origin knows
        ends = schedule.origins[:, 1]
        return Answers(np.repeat(history.values[ends - 1, None] / spread, horizon, axis=1))


class Batch(Leaky):
    def forecast_many(self, histories, horizon):
        longest = max(histories, key=lambda history: len(history.values)).values
        return np.array([np.full(horizon, longest[min(len(h.values), len(longest) - 1)]) for h in histories])


class Remembers(Leaky):
    def fit(self, history, *, horizon, rng):
        seen.append(history.values)
        return self

    def forecast(self, history, horizon):
        longest = max(seen, key=len)
        return np.resize(longest[len(history.values) - 1 :], horizon)


seen: list[np.ndarray] = []


def built_from_all(series: fk.Series) -> Leaky:
    return Leaky(amount=float(np.nanmean(series.values)))


PLANTED = {
    "scaled by all that was handed over": (Whole(), "scale", {}),
    "reads later rows of a batch": (Batch(), "noise", {}),
    "remembers what it saw": (Remembers(), "order", {}),
    "made from the whole series": (built_from_all, "noise", {"built": True}),
}


@pytest.mark.parametrize("leak", PLANTED)
def test_planted_leaks_fail(leak: str, series: fk.Series) -> None:
    model, proof, how = PLANTED[leak]
    certificate = fk.prove_no_leak(model, series, **how)
    assert certificate.outcome == "failed"
    assert proof in [one.name for one in certificate.proofs if one.passed is False]


def test_a_model_that_kept_the_series_fails(series: fk.Series) -> None:
    kept = series.values

    def knows(values: np.ndarray, horizon: int) -> np.ndarray:
        return kept[len(values) : len(values) + horizon]

    certificate = fk.prove_no_leak(knows, series)
    assert certificate.outcome == "failed"
    assert [one.name for one in certificate.proofs if one.passed is False] == ["regenerated"]
    assert certificate.carries == ("150 numbers in 'kept'",)
    assert "An object fitted beforehand cannot be certified" in repr(certificate)


def test_a_function_with_weights_learned_elsewhere_is_not_certifiable(series: fk.Series) -> None:
    weights = np.linspace(0.2, 0.0, 12)

    def smooth(values: np.ndarray, horizon: int) -> np.ndarray:
        return np.full(horizon, values[-12:] @ weights)

    certificate = fk.prove_no_leak(smooth, series)
    assert certificate.outcome == "not certifiable"
    assert "It carries 12 numbers in 'weights'." in repr(certificate)


def test_equal_proofs_have_equal_hashes(series: fk.Series) -> None:
    one, two = (fk.prove_no_leak("ar", series, horizon=3) for _ in range(2))
    assert one == two
    assert one.forecasts != fk.prove_no_leak("ar", series, horizon=4).forecasts


def test_returns_and_covariates_are_proved_too() -> None:
    rng = np.random.default_rng(1)
    known = rng.normal(size=(166, 1))
    level = np.exp(0.1 * np.cumsum(rng.normal(size=160)) + 0.1 * known[:160, 0])
    prices = fk.Series(level, fk.Series.from_array(level).index, known=known, default_transform="log-return")
    assert fk.prove_no_leak("ar", prices, horizon=4).outcome == "certified"


def test_a_model_that_fails_is_named(series: fk.Series) -> None:
    def fails(values: np.ndarray, horizon: int) -> np.ndarray:
        raise RuntimeError("no luck")

    with pytest.raises(FitError, match=r"Model 'fails' raised RuntimeError\('no luck'\) on series"):
        fk.prove_no_leak(fails, series)


def test_short_series_and_unknown_poisons_are_refused(series: fk.Series) -> None:
    with pytest.raises(SeriesTooShortError, match="has 30 observations; a proof at horizon 6 needs 34"):
        fk.prove_no_leak("naive", series.values[:30])
    with pytest.raises(PlanError, match="Known: noise, nan, scale"):
        poisoned("arsenic", series, 100, np.random.default_rng(0))


def test_a_regenerated_past_shares_its_beginning_only(series: fk.Series) -> None:
    made = regenerated(series, 100, 6, np.random.default_rng(0))
    same = made.values[:100] == series.values[:100]
    assert same[:67].all()
    assert not same[67:].any()
    np.testing.assert_array_equal(made.values[100:], series.values[100:])
