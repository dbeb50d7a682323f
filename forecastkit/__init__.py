"""Is a recurrent network worth it over an autoregression for this series, and at which horizons?

Public names resolve on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecastkit.api import backtest as backtest
    from forecastkit.api import compare as compare
    from forecastkit.api import diagnose as diagnose
    from forecastkit.api import report as report
    from forecastkit.api import resume as resume
    from forecastkit.archive import read_run as read_run
    from forecastkit.auditing import audit as audit
    from forecastkit.backtesting.forecasts import Forecasts as Forecasts
    from forecastkit.backtesting.leak_proof import prove_no_leak as prove_no_leak
    from forecastkit.backtesting.plan import BacktestPlan as BacktestPlan
    from forecastkit.comparison.comparison import Comparison as Comparison
    from forecastkit.comparison.evaluation import Evaluation as Evaluation
    from forecastkit.diagnostics.diagnosis import Diagnosis as Diagnosis
    from forecastkit.evaluation import evaluate as evaluate
    from forecastkit.forecaster import FittedForecaster as FittedForecaster
    from forecastkit.forecaster import fit as fit
    from forecastkit.models.ar_diagnosis import diagnose_ar as diagnose_ar
    from forecastkit.models.contract import check_forecaster as check_forecaster
    from forecastkit.models.panel import forecast_panel as forecast_panel
    from forecastkit.models.protocol import History as History
    from forecastkit.saved import load_forecaster as load_forecaster
    from forecastkit.saved import save_forecaster as save_forecaster
    from forecastkit.scoring.scores import Scores as Scores
    from forecastkit.series.series import Series as Series
    from forecastkit.sources.loading import load as load

__version__ = "0.1.0"
_HOMES = {
    "BacktestPlan": "backtesting.plan",
    "Comparison": "comparison.comparison",
    "Diagnosis": "diagnostics.diagnosis",
    "Evaluation": "comparison.evaluation",
    "FittedForecaster": "forecaster",
    "Forecasts": "backtesting.forecasts",
    "History": "models.protocol",
    "Scores": "scoring.scores",
    "Series": "series.series",
    "audit": "auditing",
    "backtest": "api",
    "check_forecaster": "models.contract",
    "compare": "api",
    "diagnose": "api",
    "diagnose_ar": "models.ar_diagnosis",
    "evaluate": "evaluation",
    "fit": "forecaster",
    "forecast_panel": "models.panel",
    "load": "sources.loading",
    "load_forecaster": "saved",
    "prove_no_leak": "backtesting.leak_proof",
    "read_run": "archive",
    "report": "api",
    "resume": "api",
    "save_forecaster": "saved",
}
__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'forecastkit' has no attribute {name!r}")
    return getattr(import_module(f"forecastkit.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
