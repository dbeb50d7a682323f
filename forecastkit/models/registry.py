"""Names -> recipes. A package adds its own through the entry-point group `forecastkit.models`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from importlib.metadata import entry_points
from typing import Any

from forecastkit.errors import UnknownModelError, nearest
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.baselines import CLIMATOLOGY, DRIFT, NAIVE, SEASONAL_CLIMATOLOGY, SEASONAL_NAIVE
from forecastkit.models.direct import DirectAutoregression
from forecastkit.models.oracle import Oracle
from forecastkit.models.protocol import Forecaster
from forecastkit.models.recurrent import Recurrent
from forecastkit.models.recursive import RecursiveRecurrent
from forecastkit.models.textbook import TextbookRecurrent
from forecastkit.models.weighted import WeightedAutoregression

GROUP = "forecastkit.models"


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered model: how to make its recipe, and one line about it."""

    make: Callable[[], Forecaster]
    about: str


MODELS: dict[str, Entry] = {
    "naive": Entry(lambda: NAIVE, "the last value (reference)"),
    "climatology": Entry(lambda: CLIMATOLOGY, "the mean so far (reference)"),
    "seasonal-naive": Entry(lambda: SEASONAL_NAIVE, "the last season (reference where period > 1)"),
    "seasonal-climatology": Entry(
        lambda: SEASONAL_CLIMATOLOGY, "the mean by phase (reference where period > 1)"
    ),
    "drift": Entry(lambda: DRIFT, "the line from the first to the last value"),
    "ar": Entry(Autoregression, "autoregression, order by BIC at every origin, levels or differences by ADF"),
    "ar-direct": Entry(
        DirectAutoregression, "the autoregression of `ar`, fitted for every step ahead by itself"
    ),
    "ar-weighted": Entry(
        WeightedAutoregression, "autoregressions weighted by validation, drawn towards the seasonal naive"
    ),
    "lstm": Entry(Recurrent, "LSTM that corrects the last value or season behind a guard, 5 seeds averaged"),
    "lstm-on-ar": Entry(
        lambda: Recurrent("lstm-on-ar", autoregression=Autoregression()),
        "the same, corrects the path of `ar`; where the guard sees no gain it is `ar`",
    ),
    "gru": Entry(lambda: Recurrent("gru", cell="gru"), "`lstm` with gated recurrent units"),
    "rnn": Entry(lambda: Recurrent("rnn", cell="rnn"), "`lstm` with plain recurrent units"),
    "lstm-stacked": Entry(
        lambda: Recurrent("lstm-stacked", layers=2, dropout=0.2), "`lstm` with two layers and more dropout"
    ),
    "lstm-recursive": Entry(RecursiveRecurrent, "`lstm` for one step, fed back its own forecasts"),
    "lstm-textbook": Entry(TextbookRecurrent, "an LSTM as tutorials build it, to see what that is worth"),
    "oracle": Entry(Oracle, "the best forecast there is, on synthetic series only (runs there by itself)"),
}


def model_names() -> list[str]:
    """List every registered name, those of other packages last."""
    return [*MODELS, *(point.name for point in entry_points(group=GROUP) if point.name not in MODELS)]


def find_model(name: str, **settings: Any) -> Forecaster:
    """Make the recipe of a name.

    Args:
        name: one of `model_names()`.
        settings: taken over by recipes that have a field of that name; the others leave them.

    Raises:
        UnknownModelError: no such model; the message lists the nearest.
    """
    if name in MODELS:
        recipe = MODELS[name].make()
    else:
        points = [point for point in entry_points(group=GROUP) if point.name == name]
        if not points:
            raise UnknownModelError(f"There is no model {name!r}. {nearest(name, model_names())}")
        recipe = points[0].load()()
    if not is_dataclass(recipe):
        return recipe
    known = {f.name for f in fields(recipe)}
    changed: Forecaster = replace(recipe, **{key: value for key, value in settings.items() if key in known})
    return changed
