"""What people call: diagnose, compare, backtest, report."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from forecastkit.archive import Asked, Models, conclusion_record, read_run, setting_changes
from forecastkit.auditing import against_previous, proofs_of_own
from forecastkit.backtesting.forecasts import Forecasts
from forecastkit.backtesting.intervals import check_intervals, with_intervals
from forecastkit.backtesting.plan import BacktestPlan
from forecastkit.backtesting.request import check_training, describe_request
from forecastkit.backtesting.runner import check_runnable, run_backtest
from forecastkit.backtesting.stage import Progress
from forecastkit.comparison.audited import Probes
from forecastkit.comparison.comparison import Comparison, conclude
from forecastkit.comparison.evaluation import Evaluation
from forecastkit.comparison.placebo import Placebo, run_placebo
from forecastkit.diagnostics.diagnosis import Diagnosis, diagnose_series
from forecastkit.errors import ForecastKitWarning, PlanError
from forecastkit.models.baselines import references
from forecastkit.models.lags import select_lags
from forecastkit.models.oracle import ORACLE, Oracle
from forecastkit.models.protocol import Forecaster, as_forecaster, family_of
from forecastkit.models.registry import find_model
from forecastkit.runs.store import Place, Store, open_store, run_id
from forecastkit.scoring.losses import check_loss
from forecastkit.seeds import spawn
from forecastkit.series.series import Series
from forecastkit.series.transforms import find_transform
from forecastkit.sources.objects import as_series
from forecastkit.workers import affordable_workers

DEFAULT_MODELS = ("ar", "ar-weighted", "lstm", "lstm-on-ar", "drift")


def backtest(
    series: Any,
    models: Models = DEFAULT_MODELS,
    *,
    plan: BacktestPlan | None = None,
    transform: str | None = None,
    seeds: int = 5,
    seed: int = 0,
    loss: str = "squared",
    device: str = "auto",
    store: Place = True,
    workers: int | None = 1,
    fresh: bool = False,
    progress: Progress | None = None,
    **reading: Any,
) -> Forecasts:
    """Forecast a series from many origins with every model.

    Args:
        series: a Series, or what holds one: an array, a pandas Series, a frame of pandas, polars or pyarrow.
        models: registered names, functions (values, horizon) or recipes; or a mapping that names them. The
            references always run beside them, and the oracle where a synthetic process made the series.
        plan: origins, horizon and refits; by default horizon 24 and the origins that suit the length.
        transform: "none", "log", "log-return", "difference", "seasonal-difference", "box-cox", "standardise",
            or several joined by +, as in "log+difference+unbiased"; by default what suits the series:
            log-return for prices from a market, else none.
        seeds: networks in an ensemble.
        seed: of all randomness.
        loss: what networks minimise, "squared" or "absolute".
        device: where networks train: "auto" for a GPU where there is one, "cpu" or "gpu".
        store: where every finished task is kept, so that the same call goes on where it was interrupted, and
            does not compute again what is there: a file, True for the one in the user's data folder (or where
            FORECASTKIT_STORE says), False for none.
        workers: processes that share slow fits, None for as many as processors and memory allow; the result
            is the same, bit for bit. More than one needs `if __name__ == "__main__":` in a script.
        fresh: compute everything again.
        progress: called with a model's name, fits done and fits in all; its method `within(model, stage)`, if
            it has one, with seed, origin and epoch of the fit at work.
        reading: of a frame: column, date_column, series, missing, ..., see `Reading`.

    Raises:
        DataError: the series cannot be used.
        PlanError, UnknownModelError: what was asked cannot be run.
        StoreError, LockedError: the store that was named cannot be used, or another process is at work on
            the same run.
    """
    data, plan = as_series(series, **reading), plan or BacktestPlan()
    transform = data.default_transform if transform is None else transform
    asked = Asked(models, plan, transform, seeds, seed, loss, device=device)
    with open_store(store) as opened:
        return _run(data, asked, opened, workers=workers, fresh=fresh, progress=progress)


def compare(
    series: Any,
    models: Models = DEFAULT_MODELS,
    *,
    horizon: int | None = None,
    plan: BacktestPlan | None = None,
    transform: str | None = None,
    seeds: int = 5,
    seed: int = 0,
    loss: str = "squared",
    device: str = "auto",
    store: Place = True,
    workers: int | None = 1,
    fresh: bool = False,
    progress: Progress | None = None,
    intervals: str = "own",
    placebo: int = 0,
    previous: str | Path | Mapping[str, Any] | None = None,
    **reading: Any,
) -> Comparison:
    """Answer whether a network is worth it over an autoregression, and up to which horizon either is of use.

    Args:
        horizon: steps ahead, where no plan is given; 24 by default.
        loss: on which skill, tests, verdict and networks' training stand, "squared" or "absolute".
        intervals: "own", or for models that state none "conformal" or "adaptive" ones from past errors.
        placebo: series of noise on which the whole comparison is repeated, to see how often it finds skill
            there.
        previous: an earlier `report.json`, or its folder, whose data are compared with these.
        series, models, plan, transform, seeds, seed, store, workers, fresh, progress, reading: as in
            `backtest`.

    Raises:
        as `backtest`.

    Example:
        >>> import forecastkit as fk
        >>> result = compare(fk.load("sunspots"), models=["ar"], horizon=12)
        >>> result.skill_horizon["ar"].h > 0
        True
    """
    if plan is not None and horizon is not None and plan.horizon != horizon:
        raise PlanError(
            f"horizon={horizon} and a plan with horizon {plan.horizon} were given. Give one of them."
        )
    check_intervals(intervals)
    if placebo < 0:
        raise PlanError(f"placebo={placebo} was given; a number of series, 0 for none, is needed.")
    plan = plan or BacktestPlan(horizon=24 if horizon is None else horizon)
    data = as_series(series, **reading)
    transform = data.default_transform if transform is None else transform
    asked = Asked(models, plan, transform, seeds, seed, loss, intervals, device)
    with open_store(store) as opened:
        forecasts = _run(data, asked, opened, workers=workers, fresh=fresh, progress=progress)
        result = _conclude(data, asked, forecasts, opened)
    probes = Probes(
        certificates=proofs_of_own(result, _recipes(asked, data)),
        placebo=_placebo(data, asked, placebo, workers, progress) if placebo else None,
        previous=None if previous is None else against_previous(data, previous),
    )
    return replace(result, probes=probes)


def _placebo(
    data: Series,
    asked: Asked,
    runs: int,
    workers: int | None,
    progress: Progress | None,
) -> Placebo:
    """Repeat a comparison on noise, without the oracle, which knows no noise.

    Warnings about the noise (few origins, failed fits) would be taken for warnings about the series.
    """
    named = [asked.models] if isinstance(asked.models, str) else asked.models
    pairs = named.items() if isinstance(named, Mapping) else ((model, model) for model in named)
    known = [(name, model) for name, model in pairs if not (isinstance(model, str) and model == ORACLE)]
    kept: Models = dict(known) if isinstance(named, Mapping) else [model for _, model in known]

    def repeat(noise: Series) -> Comparison:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ForecastKitWarning)  # about the noise, not the series
            return compare(
                noise,
                kept,
                plan=asked.plan,
                transform=asked.transform,
                seeds=asked.seeds,
                seed=asked.seed,
                loss=asked.loss,
                device=asked.device,
                store=False,
                workers=workers,
            )

    transform = find_transform(asked.transform)
    return run_placebo(repeat, data, transform, runs=runs, seed=asked.seed, progress=progress)


def resume(
    run: str,
    *,
    store: Place = True,
    workers: int | None = 1,
    progress: Progress | None = None,
) -> Comparison:
    """Finish a run that was interrupted, from what the store knows of it.

    Args:
        run: its id, the beginning of it, or "last".
        store, workers, progress: as in `backtest`.

    Raises:
        RunNotFoundError: there is no such run.
        PlanError: it cannot be asked for again: a model was a Python object, or the code or a package has
            changed since.
    """
    with open_store(store) as opened:
        state = opened.state(run)
        asked = Asked.of(state)
        data = opened.series(state.id)
        settings = _settings(data, asked)
        if run_id(data, settings) != state.id:
            changed = ", ".join(name for name, *_ in setting_changes(state.settings, settings)) or "the data"
            raise PlanError(
                f"Run {state.id} was begun under other conditions; what changed since: {changed}. Go back to "
                "them, or repeat the command, which begins a run of its own."
            )
        forecasts = _run(data, asked, opened, workers=workers, progress=progress)
        return _conclude(data, asked, forecasts, opened)


def diagnose(series: Any, *, transform: str | None = None, seed: int = 0) -> Diagnosis:
    """Test a series before it is modelled: is there anything for a model, or a network, to find?

    Unit roots and stationarity read together, autocorrelation and the autoregression that BIC chooses, what
    it leaves (autocorrelation, changing variance, nonlinearity), season and cycles, breaks and outliers.

    Args:
        series: a Series, a pandas Series or a one-dimensional array, of at least 40 values.
        transform: as in `backtest`.
        seed: of the bootstrap behind some p-values.

    Returns:
        the findings; printing them gives them in words, `.plot()` draws the autocorrelations.

    Raises:
        DataError: the series is constant, or its values do not suit the transform.
        SeriesTooShortError: fewer than 40 values.

    Example:
        >>> import forecastkit as fk
        >>> diagnose(fk.load("sunspots")).cycles[0].period
        11
    """
    data = as_series(series)
    chosen = find_transform(data.default_transform if transform is None else transform)
    return diagnose_series(
        data, chosen, order=lambda values: select_lags(values).p, rng=spawn(seed, "diagnose")
    )


def report(
    result: Comparison | Evaluation | str | Path,
    out: str | Path,
    *,
    formats: Sequence[str] = ("html", "json"),
) -> Path:
    """Write the report of a comparison, or of a run that was made before, complete or not at all.

    Args:
        result: what `compare` or `evaluate` returned; or the id of a run in the store, the beginning of it,
            or "last"; or the folder of an exported run.
        out: folder for its files.
        formats: "html" (`index.html`), "json" (`report.json`), "md" (`report.md` with figures), "csv".

    Returns:
        the folder.

    Raises:
        ReportError: the folder cannot be written, or the run cannot be read.
        PlanError: a format is unknown.
    """
    from forecastkit.reporting.publish import publish
    from forecastkit.reporting.render import render
    from forecastkit.reporting.summary import render_evaluation

    if isinstance(result, Evaluation):
        return publish(render_evaluation(result, formats), Path(out))
    comparison = result if isinstance(result, Comparison) else read_run(result)
    return publish(render(comparison, formats), Path(out))


def _run(
    data: Series,
    asked: Asked,
    store: Store,
    *,
    workers: int | None,
    fresh: bool = False,
    progress: Progress | None = None,
) -> Forecasts:
    """Check what was asked, run it, and keep it."""
    transform = find_transform(asked.transform)
    check_runnable(data, asked.plan, transform)
    settings = _settings(data, asked)
    if workers is not None and workers < 1:
        raise PlanError(f"workers={workers} was given; at least 1 is needed.")
    return run_backtest(
        data,
        _recipes(asked, data),
        asked.plan,
        transform=transform,
        seed=asked.seed,
        store=store,
        workers=affordable_workers() if workers is None else workers,
        fresh=fresh,
        progress=progress,
        settings=settings,
        asked=asked.record(),
    )


def _settings(data: Series, asked: Asked) -> dict[str, Any]:
    """Describe all that decides the forecasts; refuse what cannot be run."""
    check_loss(asked.loss)
    check_training(asked.seeds, asked.seed, asked.device)
    recipes = _recipes(asked, data)
    _check_refits(asked.plan, recipes)
    return describe_request(
        asked.plan,
        recipes,
        observations=len(data),
        transform=asked.transform,
        seed=asked.seed,
        loss=asked.loss,
    )


def _conclude(data: Series, asked: Asked, forecasts: Forecasts, store: Store) -> Comparison:
    """Draw the conclusion, and keep it with the run."""
    told = with_intervals(forecasts, asked.intervals)
    comparison = conclude(data, told, transform=find_transform(asked.transform), loss=check_loss(asked.loss))
    if forecasts.run_id:
        store.conclude(forecasts.run_id, conclusion_record(comparison, asked.intervals))
    return comparison


def _recipes(asking: Asked, data: Series) -> dict[str, Forecaster]:
    """References first, then the models asked for, then the oracle where there is one, each by its name."""
    settings: dict[str, Any] = {"seeds": asking.seeds, "loss": asking.loss, "device": asking.device}
    transform = find_transform(asking.transform)
    models = [asking.models] if isinstance(asking.models, str) else asking.models
    named = models.items() if isinstance(models, Mapping) else ((None, model) for model in models)
    asked: dict[str, Forecaster] = {}
    for name, model in named:
        recipe = find_model(model, **settings, process=data.process) if isinstance(model, str) else None
        recipe = recipe or as_forecaster(model, str(name or getattr(model, "__name__", "model")))
        name = str(name or recipe.name)
        if getattr(recipe, "loss", settings["loss"]) != settings["loss"]:
            raise PlanError(
                f"Model {name!r} minimises the {recipe.loss} error, the comparison is scored on the "  # type: ignore[attr-defined]
                f"{settings['loss']} one. Give both the same loss."
            )
        if name in asked:
            raise PlanError(f"Two models are called {name!r}. Give a mapping with a name for each.")
        asked[name] = recipe
    if not asked:
        raise PlanError("No model was given. Name one or more, such as ar.")
    known = bool(data.process) and not transform.relative
    if any(isinstance(recipe, Oracle) for recipe in asked.values()) and not known:
        raise PlanError(
            f"The oracle was asked for on series {data.name!r}, transform {transform.name!r}; the best "
            "forecast is known only of the values of a synthetic process. Leave the oracle out, or load a "
            "series such as 'synthetic:ar2' and use another transform than log-return."
        )
    best = {ORACLE: find_model(ORACLE, process=data.process)} if known else {}
    always = {reference.name: reference for reference in references(data.period)}
    clash = [name for name, recipe in asked.items() if name in always and family_of(recipe) != "reference"]
    if clash:
        raise PlanError(
            f"{clash[0]!r} is the name of a reference that always runs. Give your model another name."
        )
    return {**always, **asked, **{name: recipe for name, recipe in best.items() if name not in asked}}


def _check_refits(plan: BacktestPlan, recipes: Mapping[str, Forecaster]) -> None:
    if isinstance(plan.refit_every, Mapping):
        unknown = [name for name in plan.refit_every if name not in recipes]
        if unknown:
            raise PlanError(
                f"refit_every names {unknown[0]!r}, which is not among the models {', '.join(recipes)}. Name "
                "one of them."
            )
