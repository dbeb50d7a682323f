"""Data that a model brings along: what was fitted beforehand, no poison reaches."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.models.protocol import Forecaster, FromFunction
from forecastkit.series.series import Series

CARRIED = 8
"""Numbers from which a list or an array counts as data."""


def carried_data(recipe: Forecaster) -> Iterator[str]:
    """Name the data that a model of one's own brings along, in closures, globals and fields.

    Args:
        recipe: of any model; those of this package carry nothing.
    """
    if type(recipe).__module__.startswith("forecastkit.") and not isinstance(recipe, FromFunction):
        return
    functions = (
        [recipe.function]
        if isinstance(recipe, FromFunction)
        else [
            getattr(type(recipe), name, None) for name in ("prepare", "fit", "forecast", "forecast_origins")
        ]
    )
    brought = dict(getattr(recipe, "__dict__", {})) if not isinstance(recipe, FromFunction) else {}
    for function in functions:
        if inspect.isfunction(function):
            brought |= _brought_by(function)
    for name, value in brought.items():
        count = _numbers_in(value)
        if count >= CARRIED:
            yield f"{count} numbers in {name!r}"


def _brought_by(function: Callable[..., Any]) -> dict[str, Any]:
    """Values of the free and global names that a function reads."""
    code = function.__code__
    cells = function.__closure__ or ()
    free = {
        name: cell.cell_contents for name, cell in zip(code.co_freevars, cells, strict=True) if _filled(cell)
    }
    read = {i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}
    scope = function.__globals__
    return free | {name: scope[name] for name in sorted(read) if name in scope}


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _numbers_in(value: Any) -> int:
    """Count the numbers that an array, a series, a frame or a list holds; 0 for anything else."""
    if isinstance(value, Series):
        return len(value)
    if isinstance(value, np.ndarray | pd.Series | pd.DataFrame):
        return int(np.size(value))
    if isinstance(value, list | tuple) and value and all(isinstance(item, int | float) for item in value):
        return len(value)
    return 0
