"""Which autoregression and which network the verdict speaks of: chosen before the first origin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from forecastkit.backtesting.forecasts import Forecasts
from forecastkit.models.protocol import Family

DIRECT = "ar-direct"


@dataclass(frozen=True, slots=True)
class Contenders:
    """The two models in question, None where the run had none, and the direct AR that stands beside them."""

    ar: str | None
    network: str | None
    direct: str | None


def choose_contenders(forecasts: Forecasts, models: Iterable[str]) -> Contenders:
    """Take, of each side, the model that forecast best on data before the first origin.

    That is the least `error` in `Forecasts.selection`. Models that were not validated come after those that
    were, and among each other in the order in which they were named. No score enters.

    Args:
        forecasts: of the run.
        models: those that stayed in the comparison.
    """
    stayed = tuple(models)
    ar = _best(forecasts, [m for m in stayed if forecasts.families[m] == "ar"])
    network = _best(forecasts, [m for m in stayed if forecasts.families[m] == "network"])
    return Contenders(ar, network, DIRECT if DIRECT in stayed and ar != DIRECT else None)


def side_of(forecasts: Forecasts, family: Family) -> tuple[str, ...]:
    """Models of one family, in the order in which they were named."""
    return tuple(model for model in forecasts.models if forecasts.families[model] == family)


def _best(forecasts: Forecasts, models: list[str]) -> str | None:
    def error(model: str) -> float:
        told = forecasts.selection.get(model, {}).get("error")
        return float("inf") if told is None else float(told)

    return min(models, key=error, default=None)
