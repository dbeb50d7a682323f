"""What names a run: a changed model is another run, an unchanged one is the same."""

from dataclasses import dataclass

import numpy as np
import pytest

from forecastkit.backtesting.plan import BacktestPlan
from forecastkit.backtesting.request import canonical, describe_request
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.protocol import as_forecaster


@dataclass(frozen=True)
class Lagged:
    name: str = "lagged"
    lags: tuple[int, ...] = (1,)

    def fit(self, history, *, horizon, rng):
        return self


def shifted(by):
    return lambda values, horizon: np.full(horizon, values[-1] + by)


def described(model):
    recipe = as_forecaster(model, "mine")
    return describe_request(
        BacktestPlan(horizon=2),
        {"mine": recipe},
        observations=100,
        transform="none",
        seed=0,
        loss="squared",
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (shifted(1), shifted(2)),
        (Lagged(lags=(1,)), Lagged(lags=(1, 12))),
        (Autoregression(max_lag=np.int64(1)), Autoregression(max_lag=np.int64(8))),
        (Autoregression(name="lagged"), Lagged()),
    ],
)
def test_another_model_is_another_run(one, other) -> None:
    assert described(one) != described(other)
    assert described(one) == described(one)


def test_equal_models_are_the_same_run() -> None:
    assert described(shifted(1)) == described(shifted(1))
    assert described(Lagged(lags=(3,))) == described(Lagged(lags=(3,)))


def test_what_is_defined_in_no_file_is_never_the_same() -> None:
    namespace: dict = {}
    exec("def mine(values, horizon): return values[-horizon:]", namespace)
    assert described(namespace["mine"]) != described(namespace["mine"])


def test_canonical_tells_arrays_apart() -> None:
    assert canonical(np.arange(3)) != canonical(np.arange(1, 4))
    assert canonical({"a": (1, np.float64(2))}) == {"a": [1, 2.0]}


def test_a_package_that_is_absent_is_told_so(monkeypatch) -> None:
    from importlib.metadata import PackageNotFoundError

    from forecastkit.backtesting import request

    def absent(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(request, "version", absent)
    request._version.cache_clear()
    assert set(described(Lagged())["versions"].values()) == {None}
    request._version.cache_clear()
