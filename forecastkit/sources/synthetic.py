"""Synthetic series by name: `synthetic:ar2?n=2000&seed=1&sigma=2`; the part after `?` is optional."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any
from urllib.parse import parse_qsl

import numpy as np

from forecastkit.errors import DatasetNotFoundError, PlanError, nearest
from forecastkit.series.series import Series
from forecastkit.sources.chaos import Logistic, Lorenz, MackeyGlass
from forecastkit.sources.linear import Arma, Break, RandomWalk, SeasonalNoise
from forecastkit.sources.long_memory import Arfima
from forecastkit.sources.markov import Lstar, Setar
from forecastkit.sources.process import Process
from forecastkit.sources.volatility import Bilinear, Garch

PREFIX = "synthetic:"
DEFAULTS = {"n": 1000, "seed": 0}

PROCESSES: Mapping[str, Process] = {
    "white-noise": Arma(),
    "ar": Arma(phi=(0.9,)),
    "ar2": Arma(phi=(1.2, -0.4)),
    "seasonal-ar": Arma(phi=(0.5,), seasonal=0.6, season=12),
    "ma": Arma(theta=(0.6, 0.3)),
    "arma": Arma(phi=(0.8,), theta=(0.4,)),
    "random-walk": RandomWalk(),
    "random-walk-drift": RandomWalk(drift=0.05),
    "arfima": Arfima(),
    "seasonal": SeasonalNoise(),
    "break": Break(),
    "garch": Garch(),
    "bilinear": Bilinear(),
    "setar": Setar(),
    "lstar": Lstar(),
    "logistic": Logistic(),
    "mackey-glass": MackeyGlass(),
    "lorenz": Lorenz(),
}


def find_process(name: str) -> Process:
    """Look a process up by name.

    Raises:
        DatasetNotFoundError: no process has this name; the message lists the nearest.
    """
    if name not in PROCESSES:
        raise DatasetNotFoundError(f"There is no synthetic process {name!r}. {nearest(name, PROCESSES)}")
    return PROCESSES[name]


def parse_synthetic(source: str) -> tuple[Process, int, int]:
    """Read a synthetic source: the process with its parameters, the length and the seed.

    Raises:
        DatasetNotFoundError: the process is unknown.
        PlanError: a parameter is unknown, unreadable or out of range.
    """
    name, _, query = source.removeprefix(PREFIX).partition("?")
    process = find_process(name)
    known = {f.name: getattr(process, f.name) for f in fields(process)}
    counts, chosen = dict(DEFAULTS), {}
    for key, text in parse_qsl(query, keep_blank_values=True):
        if key in counts:
            if not text.isdecimal() or (key == "n" and int(text) < 2):
                raise PlanError(
                    f"{source!r} gives {key}={text!r}; a whole number is needed, n at least 2, seed at least "
                    "0."
                )
            counts[key] = int(text)
        elif key in known:
            chosen[key] = _parameter(source, key, text, known[key])
        else:
            raise PlanError(f"{source!r} has no parameter {key!r}. {nearest(key, [*counts, *known])}")
    return replace(process, **chosen), counts["n"], counts["seed"]


def realised(source: str) -> Process:
    """Give the process of a source with what its seed settles before the first observation."""
    process, _, seed = parse_synthetic(source)
    return process.begin(np.random.default_rng(seed))


def load_synthetic(source: str) -> Series:
    """Make the series that `synthetic:NAME?n=1000&seed=0&PARAMETER=...` names.

    Raises:
        DatasetNotFoundError: the process is unknown.
        PlanError: a parameter is unknown, unreadable or out of range.
    """
    process, n, seed = parse_synthetic(source)
    rng = np.random.default_rng(seed)
    values = process.begin(rng).simulate(n, rng)
    name, _, query = source.removeprefix(PREFIX).partition("?")
    chosen = sorted(f"{key}{text}" for key, text in parse_qsl(query) if key not in DEFAULTS)
    series = Series.from_array(
        values, name="-".join([name, f"n{n}", f"seed{seed}", *chosen]), period=process.period
    )
    return replace(series, source={"process": source})


def _parameter(source: str, key: str, text: str, default: Any) -> Any:
    """Read one parameter as what its default is: numbers separated by commas, a whole number, or a number."""
    try:
        if isinstance(default, tuple):
            return tuple(float(part) for part in text.split(",") if part.strip())
        return int(text) if isinstance(default, int) else float(text)
    except ValueError as error:
        kinds = {tuple: "numbers separated by commas are", int: "a whole number is"}
        needed = kinds.get(type(default), "a number is")
        raise PlanError(f"{source!r} gives {key}={text!r}; {needed} needed.") from error
