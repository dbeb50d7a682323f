"""Fitted models as plain text and arrays, and back: nothing but the classes of one table is ever made."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeAlias

import numpy as np

from forecastkit.errors import ModelError
from forecastkit.models._ar_design import NestedLags, Terms
from forecastkit.models._ar_fits import Fits
from forecastkit.models._ar_fitted import FittedAutoregression
from forecastkit.models._ar_variants import Equation, Variant
from forecastkit.models._net_bases import AutoregressivePath, Repeat
from forecastkit.models._net_lessons import Frame
from forecastkit.models._net_quantiles import SpreadReadout
from forecastkit.models._net_readout import Readout
from forecastkit.models._net_view import View
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.baselines import (
    Baseline,
    climatology,
    drift,
    naive,
    seasonal_climatology,
    seasonal_naive,
)
from forecastkit.models.direct import DirectAutoregression, FittedDirect
from forecastkit.models.networks.spec import NetworkSpec
from forecastkit.models.oracle import FittedOracle, GaussianOracle, Oracle
from forecastkit.models.recurrent import FittedRecurrent, Recurrent
from forecastkit.models.recursive import FittedRecursive, RecursiveRecurrent
from forecastkit.models.textbook import FittedTextbook, TextbookRecurrent
from forecastkit.models.weighted import FittedWeighted, WeightedAutoregression
from forecastkit.sources.synthetic import PROCESSES

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
CLASSES: dict[str, type] = {
    made.__name__: made
    for made in (
        Autoregression,
        AutoregressivePath,
        Baseline,
        DirectAutoregression,
        Equation,
        Fits,
        FittedAutoregression,
        FittedDirect,
        FittedOracle,
        FittedRecurrent,
        FittedRecursive,
        FittedTextbook,
        FittedWeighted,
        Frame,
        GaussianOracle,
        NestedLags,
        NetworkSpec,
        Oracle,
        Readout,
        Recurrent,
        RecursiveRecurrent,
        Repeat,
        SpreadReadout,
        Terms,
        TextbookRecurrent,
        Variant,
        View,
        WeightedAutoregression,
        *(type(process) for process in PROCESSES.values()),
    )
}
"""All that recipes and fitted models of this package are made of; a class not named here is not made."""
RULES: dict[str, Callable[..., Any]] = {
    rule.__name__: rule for rule in (naive, seasonal_naive, drift, climatology, seasonal_climatology)
}
"""Functions that a baseline may hold."""


def take_apart(thing: Any) -> tuple[Any, dict[str, Array]]:
    """Write a fitted model, or a recipe, as a tree that JSON can hold, and arrays by name.

    Text, whole numbers, finite numbers, None and lists stand for themselves; anything else is a mapping of
    one key: "array" (its name), "number" (one that JSON has not), "tuple", "mapping", "rule" (of RULES), or
    "class" (of CLASSES) beside "fields".

    Raises:
        ModelError: it is, or holds, an object that is none of this package's models.
    """
    arrays: dict[str, Array] = {}
    return _tree(thing, arrays), arrays


def put_together(tree: Any, arrays: Mapping[str, Array]) -> Any:
    """Make again what `take_apart` took, to the same bits.

    Raises:
        ValueError, TypeError, KeyError: the tree or the arrays are not what `take_apart` writes.
    """
    if isinstance(tree, list):
        return [put_together(item, arrays) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if set(tree) == {"class", "fields"}:
        made, given = CLASSES[tree["class"]], tree["fields"]
        return made(**{name: put_together(value, arrays) for name, value in given.items()})
    ((kind, held),) = tree.items()
    if kind == "tuple":
        return tuple(put_together(item, arrays) for item in held)
    if kind == "mapping":
        return {name: put_together(value, arrays) for name, value in held.items()}
    return {"array": arrays, "rule": RULES, "number": NUMBERS}[kind][held]


NUMBERS = {text: float(text) for text in ("nan", "inf", "-inf")}


def _tree(thing: Any, arrays: dict[str, Array]) -> Any:
    if isinstance(thing, np.generic):
        thing = thing.item()
    if isinstance(thing, float) and not math.isfinite(thing):
        return {"number": str(thing)}
    if isinstance(thing, str | int | float | bool | None):
        return thing
    if isinstance(thing, np.ndarray) and thing.dtype.kind in "biuf":
        name = f"a{len(arrays)}"
        arrays[name] = thing
        return {"array": name}
    if isinstance(thing, list):
        return [_tree(item, arrays) for item in thing]
    if isinstance(thing, tuple):
        return {"tuple": [_tree(item, arrays) for item in thing]}
    if isinstance(thing, Mapping):
        return {"mapping": {str(name): _tree(value, arrays) for name, value in thing.items()}}
    if thing in RULES.values():
        return {"rule": thing.__name__}
    if is_dataclass(thing) and CLASSES.get(type(thing).__name__) is type(thing):
        told = {f.name: _tree(getattr(thing, f.name), arrays) for f in fields(thing) if f.init}
        return {"class": type(thing).__name__, "fields": told}
    raise ModelError(
        f"A {type(thing).__module__}.{type(thing).__qualname__} cannot be kept: only models that come with "
        "forecastkit are written and read without running code. Keep what your model needs yourself, or fit "
        "it again."
    )
