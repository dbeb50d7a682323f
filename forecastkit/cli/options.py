"""Options that several commands share, and what their text means."""

from __future__ import annotations

import shutil
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from forecastkit.backtesting.forecasts import Forecasts
    from forecastkit.backtesting.plan import BacktestPlan
    from forecastkit.comparison.honesty import Audit
    from forecastkit.series.series import Series

F = TypeVar("F", bound=Callable[..., Any])
NEVER = "never"
LOADING = (
    "column",
    "date_column",
    "date_format",
    "separator",
    "decimal",
    "series",
    "time_zone",
    "frequency",
    "missing",
    "known",
    "past",
    "name",
    "unit",
    "period",
    "field",
    "resample",
    "aggregate",
    "start",
    "end",
    "interval",
    "offline",
    "refresh",
)
"""Options that `load` takes by the same name."""


class Names(click.ParamType[tuple[str, ...]]):
    """Comma-separated names."""

    name = "NAMES"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Split the names."""
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in str(value).split(",") if name.strip())
        if not names:
            self.fail("give one name or more, separated by commas, such as naive,ar,lstm", param, ctx)
        return names


class Pairs(click.ParamType[dict[str, str]]):
    """Comma-separated key=value pairs."""

    name = "PAIRS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, str]:
        """Split the pairs."""
        if isinstance(value, dict):
            return value
        pairs = [pair.partition("=") for pair in str(value).split(",") if pair.strip()]
        if not pairs or not all(key.strip() and text.strip() for key, _, text in pairs):
            self.fail(f"{value!r} is no list of pairs; write them as a=b,c=d", param, ctx)
        return {key.strip(): text.strip() for key, _, text in pairs}


class RefitPolicy(click.ParamType[Any]):
    """One number for all models, or model=number pairs; "never" for one fit."""

    name = "POLICY"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read "20", "never" or "ar=1,lstm=never"."""
        text = str(value)
        try:
            if "=" not in text:
                return _interval(text)
            pairs = (pair.split("=", 1) for pair in text.split(",") if pair.strip())
            return {model.strip(): _interval(every) for model, every in pairs}
        except ValueError:
            self.fail(f"{text!r} is no policy; write 20, never, or pairs such as ar=1,lstm=20", param, ctx)


def _interval(text: str) -> int | None:
    return None if text.strip() == NEVER else int(text)


SERIES = (
    click.argument("source", metavar="SOURCE"),
    click.option("--column", metavar="NAME", help="Column of a file that holds the values."),
    click.option(
        "--date-column", metavar="NAME", help="Column that holds the dates (else: ds, date, time, ...)."
    ),
    click.option(
        "--date-format", metavar="FORMAT", help="How dates are written: %d/%m/%Y, unix, number (else: seen)."
    ),
    click.option("--separator", metavar="SIGN", help="Between fields of a text file (else: seen)."),
    click.option("--decimal", metavar="SIGN", help="Decimal sign, '.' or ',' (else: seen)."),
    click.option("--series", metavar="ID", help="One series of a long table, by its unique_id."),
    click.option("--time-zone", metavar="ZONE", help="Zone of the clock times, such as Europe/Berlin."),
    click.option("--missing", metavar="WHAT", help="Missing values: error, keep or interpolate.  [error]"),
    click.option(
        "--frequency", metavar="FREQ", help="Frequency the dates must follow without gaps: D, MS, h, ..."
    ),
    click.option(
        "--known",
        type=Names(),
        metavar="COLUMNS",
        help="Covariates known ahead, rows after the last value included; calendar makes its own.",
    ),
    click.option("--past", type=Names(), metavar="COLUMNS", help="Covariates observed with the values."),
    click.option("--name", metavar="TEXT", help="What the report calls the series."),
    click.option("--unit", metavar="TEXT", help="Unit of the values, such as USD."),
    click.option(
        "--period", type=click.IntRange(1), metavar="N", help="Season length in observations; 1 for none."
    ),
    click.option("--field", metavar="NAME", help="Of prices: close, open-to-close or realised-volatility."),
    click.option(
        "--resample", metavar="RULE", help="One value per step: weekly, monthly, quarterly, yearly or daily."
    ),
    click.option(
        "--aggregate",
        default="last",
        show_default=True,
        metavar="NAME",
        help="Which value of a step: last, first, mean, sum, min or max.",
    ),
)
MARKET = (
    click.option("--start", metavar="DATE", help="First day of a yahoo: source.  [default: all there is]"),
    click.option("--end", metavar="DATE", help="Day after the last one.  [default: today]"),
    click.option(
        "--interval", metavar="BAR", help="Of a yahoo: source: 1d, or 60m, 15m, 5m for realised volatility."
    ),
    click.option("--offline", is_flag=True, help="Take yahoo: data from kept snapshots only."),
    click.option("--refresh", is_flag=True, help="Fetch yahoo: data anew, even where it is fresh."),
)


RUN = (
    click.option("--horizon", type=int, default=24, show_default=True, metavar="N", help="Steps ahead."),
    click.option(
        "--models",
        type=Names(),
        default="ar,ar-weighted,lstm,lstm-on-ar,drift",
        show_default=True,
        help="See `forecastkit models`.",
    ),
    click.option(
        "--transform",
        metavar="NAME",
        help="none, log, log-return, difference, box-cox, standardise, or several joined by +.  [default: "
        "log-return for yahoo: prices, else none]",
    ),
    click.option("--origins", type=int, metavar="N", help="Origins (else: what suits the length)."),
    click.option(
        "--step", type=int, default=1, show_default=True, metavar="N", help="Observations between origins."
    ),
    click.option(
        "--gap", type=int, default=0, show_default=True, metavar="N", help="Observations kept from a fit."
    ),
    click.option(
        "--train-window", type=int, metavar="N", help="Rolling window a fit may use (else: all so far)."
    ),
    click.option(
        "--refit-every", type=RefitPolicy(), help="Origins between fits: 20, never, or ar=1,lstm=20."
    ),
    click.option(
        "--seeds", type=int, default=5, show_default=True, metavar="N", help="Networks in an ensemble."
    ),
    click.option(
        "--seed", type=int, default=0, show_default=True, metavar="N", help="Seed of all randomness."
    ),
    click.option("--loss", default="squared", show_default=True, metavar="NAME", help="squared or absolute."),
    click.option(
        "--device",
        type=click.Choice(("auto", "cpu", "gpu")),
        default="auto",
        show_default=True,
        help="Where networks train; auto: on a GPU where there is one.",
    ),
)
STORE_FILE = click.option(
    "--store", metavar="FILE", help="Where runs are kept.  [default: in the user's data folder]"
)
STORE = (
    STORE_FILE,
    click.option("--no-store", is_flag=True, help="Keep nothing."),
    click.option("--fresh", is_flag=True, help="Compute everything again."),
    click.option(
        "--workers",
        type=click.IntRange(1),
        metavar="N",
        help="Processes that share slow fits.  [default: what processors and memory allow]",
    ),
)
FORMAT = (
    click.option(
        "--format",
        "formats",
        type=Names(),
        default="html,json",
        show_default=True,
        help="What to write: html, json, md (Markdown with PNG figures), csv.",
    ),
)
INTERVALS = (
    click.option(
        "--intervals",
        default="own",
        show_default=True,
        metavar="NAME",
        help="For models without their own: conformal or adaptive, from past errors.",
    ),
)
STRICT = (click.option("--strict", is_flag=True, help="Exit with 5 where a check of honesty fails."),)
OUTPUT = (
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    click.option("-q", "--quiet", is_flag=True, help="No progress."),
)


def with_options(*groups: tuple[Callable[[F], F], ...]) -> Callable[[F], F]:
    """Add groups of options to a command, in the order given."""

    def add(command: F) -> F:
        for option in reversed([option for group in groups for option in group]):
            command = option(command)
        return command

    return add


def load_series(options: Mapping[str, Any]) -> Series:
    """Load the series that the options name."""
    from forecastkit.sources.loading import load

    return load(options["source"], **{name: options[name] for name in LOADING})


def make_plan(options: Mapping[str, Any]) -> BacktestPlan:
    """Make the plan that the options ask for."""
    from forecastkit.backtesting.plan import BacktestPlan

    named: dict[str, Any] = {} if options["refit_every"] is None else {"refit_every": options["refit_every"]}
    if _given("refit_every") and options["refit_every"] is None:
        named = {"refit_every": None}
    names = ("horizon", "origins", "step", "gap", "train_window")
    return BacktestPlan(**{name: options[name] for name in names}, **named)


def run_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the options that `backtest` and `compare` take by the same name."""
    return {name: options[name] for name in ("models", "transform", "seeds", "seed", "loss", "device")}


def store_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Pick where a run is kept and how it is computed, as `backtest` and `compare` take it."""
    if options["no_store"] and options["store"]:
        raise click.UsageError("--store and --no-store exclude each other. Give one of them.")
    store = False if options["no_store"] else options["store"] or True
    return {"store": store, "fresh": options["fresh"], "workers": options["workers"]}


def default_out(options: Mapping[str, Any], root: str, name: str) -> Path:
    """Give the folder asked for, or one named after the series."""
    from forecastkit.reporting.publish import folder_name

    return Path(options["out"]) if options["out"] else Path(root) / folder_name(name)


def earlier_report(folder: Path) -> Path | None:
    """Give the report that a folder holds already, whose data the new ones are compared with."""
    file = folder / "report.json"
    return file if file.is_file() else None


def wrapped(text: object) -> str:
    """Break long lines between words where a terminal would break them anywhere."""
    if not sys.stdout.isatty():
        return str(text)
    width = shutil.get_terminal_size().columns
    return "\n".join(
        textwrap.fill(line, width, subsequent_indent="  " * line.startswith("- "))
        if len(line) > width
        else line
        for line in str(text).splitlines()
    )


def show_warnings() -> None:
    """Print warnings of this package as one line each on stderr."""
    from forecastkit.errors import ForecastKitWarning

    def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
        click.echo(f"Warning: {message}", err=True)

    warnings.simplefilter("always", ForecastKitWarning)
    warnings.showwarning = show


def exit_for(forecasts: Forecasts, dropped: tuple[str, ...]) -> None:
    """Exit with 4 where a model failed so often that it left the comparison."""
    if dropped:
        click.echo(f"Error: {', '.join(dropped)} failed at more than 10 % of the origins.", err=True)
        click.get_current_context().exit(4)


def exit_where_failed(audits: Iterable[Audit], strict: bool) -> None:
    """Exit with 5 where a check of honesty failed and that was asked for."""
    codes = list(dict.fromkeys(found.code for audit in audits for found in audit.failed)) if strict else []
    if codes:
        click.echo(
            f"Error: {', '.join(codes)} failed. `forecastkit audit --explain {codes[0]}` says why.", err=True
        )
        click.get_current_context().exit(5)


def _given(option: str) -> bool:
    source = click.get_current_context().get_parameter_source(option)
    return source is not None and source is not click.core.ParameterSource.DEFAULT
