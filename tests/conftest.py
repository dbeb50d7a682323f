"""What test files share: a seeded stream, reference values, and short ways to make inputs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import curl_cffi  # noqa: F401  before TensorFlow, whose libcurl it would else bind to
import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from loopback import Yahoo

from forecastkit.backtesting.forecasts import Forecasts
from forecastkit.cli import main
from forecastkit.models.protocol import History

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None, max_examples=60)
settings.load_profile("repeatable")

_STORES = count()
REFERENCE = Path(__file__).parent / "reference"


@cache
def _read(name: str) -> Any:
    return json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def reference() -> Callable[[str], Any]:
    """Read reference/NAME.json; its README says with what it was made."""
    return _read


@pytest.fixture(scope="session")
def series_values() -> Callable[[str], np.ndarray]:
    """Values of a series of reference/series.json."""
    return lambda name: np.array(_read("series")[name]["values"], dtype=np.float64)


@pytest.fixture(autouse=True)
def store_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test has its own store of runs, made where one is opened; nobody's own is touched."""
    path = tmp_path_factory.getbasetemp() / "stores" / f"{next(_STORES)}.db"
    monkeypatch.setenv("FORECASTKIT_STORE", str(path))
    return path


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Call the command line in this process: exit code, stdout, stderr."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["forecastkit", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return call


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240229)


@pytest.fixture(scope="session")
def history() -> Callable[..., History]:
    """Make what a model sees: numbered values."""

    def make(values: Any, period: int = 1, changes: bool = False) -> History:
        vector = np.array(values, dtype=np.float64)
        vector.flags.writeable = False
        return History(vector, pd.RangeIndex(len(vector)), period, changes)

    return make


@pytest.fixture(scope="session")
def planted() -> Callable[..., Forecasts]:
    """Make Forecasts by hand: `errors` are actual minus forecast by model, each of shape (O, H).

    Origins start at `first` and stand `step` apart; `members` holds errors of shape (S, O, H).
    """

    def make(
        errors: Mapping[str, Any],
        families: Mapping[str, str],
        *,
        actual: Any = None,
        members: Mapping[str, Any] | None = None,
        first: int = 50,
        step: int = 1,
    ) -> Forecasts:
        shape = np.shape(next(iter(errors.values())))
        actual = np.zeros(shape) if actual is None else np.array(actual, dtype=np.float64)
        origins = first + step * np.arange(shape[0])
        return Forecasts(
            series="planted",
            models=tuple(errors),
            families=dict(families),
            index=pd.RangeIndex(int(origins[-1]) + shape[1]),
            origins=origins,
            step=step,
            mean=np.stack([actual - np.asarray(error, dtype=np.float64) for error in errors.values()]),
            actual=actual,
            members={name: actual - np.asarray(cube) for name, cube in (members or {}).items()},
            quantiles={},
            levels=(),
            failures=(),
            fit_seconds=dict.fromkeys(errors, 1.0),
            forecast_seconds=dict.fromkeys(errors, 0.5),
            facts={name: () for name in errors},
            refits=dict.fromkeys(errors, 1),
            settings={"made": "by hand"},
        )

    return make


@pytest.fixture(scope="session")
def yahoo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yahoo]:
    """The loopback server; its environment is set before curl_cffi reads it, which it does once."""
    server = Yahoo(tmp_path_factory.mktemp("yahoo"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield server
    server.close()


@pytest.fixture
def yahoo(yahoo_server: Yahoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yahoo]:
    """The loopback server without any market, an empty cache, and no waiting between tries."""
    monkeypatch.setenv("FORECASTKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FORECASTKIT_BACKOFF", "0")
    yahoo_server.reset()
    yield yahoo_server
    assert yahoo_server.foreign == []
