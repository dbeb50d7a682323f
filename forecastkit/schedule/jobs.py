"""What a jobs file may say: every job with its sources, models, plan, gates, outputs, alerts and times.

The file is TOML. Tables `outputs` and `alerts` at its top serve every job that has none of its own:

    [jobs.prices]
    cron = "30 18 * * MON-FRI"
    time_zone = "America/New_York"
    sources = ["yahoo:SPY", { source = "demand.csv", column = "load" }]
    horizon = 5
    gates = { skill_horizon = { ar = 3 } }
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

from forecastkit.errors import ForecastKitError, nearest
from forecastkit.reporting.publish import folder_name
from forecastkit.schedule.due import check_cron, check_time_zone

if TYPE_CHECKING:
    from forecastkit.backtesting.plan import BacktestPlan

NEVER = "never"
ADDRESS = r"^[^@\s<>]+@[^@\s<>]+$"


class Section(BaseModel):
    """A table of the file: an unknown key is a fault, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _known_model(name: str, info: ValidationInfo) -> str:
    if not (info.context or {}).get("models", True):
        return name
    from forecastkit.models.registry import model_names

    if name not in model_names():
        raise ValueError(f"there is no model {name!r}. {nearest(name, model_names())}")
    return name


def _known_transform(name: str) -> str:
    from forecastkit.series.transforms import find_transform

    try:
        find_transform(name)
    except ForecastKitError as error:
        raise ValueError(str(error)) from error
    return name


def _as_source(value: Any) -> Any:
    return {"source": value} if isinstance(value, str) else value


def _as_refits(value: Any) -> Any:
    """Read "never" as no refit, alone or for a model."""
    if isinstance(value, dict):
        return {model: _as_refits(every) for model, every in value.items()}
    if value == NEVER:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f'{value!r} is no policy; write 20, "never", or {{ ar = 1, lstm = "never" }}')
    return value


Positive = Annotated[int, Field(ge=1, strict=True)]
Count = Annotated[int, Field(ge=0, strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Secret = Annotated[
    str,
    Field(pattern=r"^env:[A-Za-z_][A-Za-z0-9_]*$", description="A variable of the environment: env:NAME."),
]
ModelName = Annotated[str, AfterValidator(_known_model)]
Every = int | Literal["never"]
Refits = Annotated[Any, BeforeValidator(_as_refits, json_schema_input_type=Every | dict[str, Every])]
Format = Literal["html", "json", "md", "csv"]
Event = Literal["gate", "failure", "recovery"]


class Source(Section):
    """One series: what `load` takes, in the same words. A text alone is its `source`."""

    source: str = Field(min_length=1, description="Dataset, file, synthetic:... or yahoo:SYMBOL.")
    column: str | None = None
    date_column: str | None = None
    date_format: str | None = None
    separator: str | None = None
    decimal: str | None = None
    series: str | None = None
    time_zone: str | None = None
    frequency: str | None = None
    missing: str | None = None
    name: str | None = None
    unit: str | None = None
    period: Positive | None = None
    field: str | None = None
    resample: str | None = None
    aggregate: str | None = None
    start: str | None = None
    end: str | None = None
    interval: str | None = None
    offline: Flag = False

    @property
    def called(self) -> str:
        """What pages and messages call it."""
        return self.name or self.source


class Plan(Section):
    """Origins and refits, as in `BacktestPlan`; the horizon stands beside it."""

    origins: Positive | None = None
    step: Positive = 1
    gap: Count = 0
    train_window: Positive | None = None
    refit_every: Refits = Field(default_factory=dict, description='20, "never", or { ar = 1 }.')


class Gates(Section):
    """Limits that turn a report into an alarm (exit code 5)."""

    skill_horizon: dict[str, Positive] = Field(
        default_factory=dict, description="By model, the smallest skill horizon that is good enough."
    )
    skill_horizon_lost: Count | None = Field(
        default=None, description="Steps that a skill horizon may lose against the median of earlier runs."
    )
    crossover_moved: Count | None = Field(
        default=None, description="Steps by which the crossover may move against the run before."
    )
    revised: Count | None = Field(default=None, description="Past values that a source may change or remove.")
    cost_ratio: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Seconds of this run as a multiple of the median of earlier runs, at most."
    )
    honesty: Literal["fail", "warn", "off"] = Field(
        default="fail", description="Level of a coded check from which it trips."
    )


class Outputs(Section):
    """Where reports go and how many stay."""

    folder: str = Field(
        default="reports", min_length=1, description="Each job has a folder of its own in it."
    )
    formats: tuple[Format, ...] = Field(default=("html", "json"), min_length=1)
    keep: Positive = Field(default=90, description="Newest reports that stay.")
    keep_days: Positive | None = Field(
        default=None, description="Days after which a report goes, even sooner."
    )
    url: str | None = Field(default=None, description="Where the folder is served, for links in alerts.")


class Mail(Section):
    """How a message is sent by mail."""

    host: str = Field(min_length=1)
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: Secret | None = None
    sender: str = Field(pattern=ADDRESS)
    to: tuple[Annotated[str, Field(pattern=ADDRESS)], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together; give both or none")
        if self.password is not None and self.security == "none":
            raise ValueError("the password would travel unencrypted; set security to starttls or tls")
        return self


class Alerts(Section):
    """Who is told, and when."""

    on: tuple[Event, ...] = ("gate", "failure", "recovery")
    webhook: Secret | None = None
    mail: Mail | None = None
    apprise: tuple[Secret, ...] = Field(default=(), description="Needs the extra forecastkit[alerts].")


class Limits(Section):
    """How much a run may take."""

    minutes: Annotated[float, Field(gt=0)] = Field(
        default=120.0, description="Then it is killed, with all it began."
    )


class Retries(Section):
    """How often a source that is down, or limits requests, is asked again."""

    tries: Positive = 3
    wait_seconds: Annotated[float, Field(ge=0)] = Field(
        default=60.0, description="Doubled for each further try."
    )
    longest_seconds: Annotated[float, Field(ge=0)] = 900.0


class Job(Section):
    """A report that is made again and again."""

    sources: tuple[Annotated[Source, BeforeValidator(_as_source, json_schema_input_type=str | Source)], ...]
    cron: Annotated[str, AfterValidator(check_cron)] | None = Field(
        default=None, description="Five fields; without it the job runs by `schedule once` only."
    )
    time_zone: Annotated[str, AfterValidator(check_time_zone)] = "UTC"
    models: tuple[ModelName, ...] = Field(
        default=("ar", "ar-weighted", "lstm", "lstm-on-ar", "drift"), min_length=1
    )
    horizon: Positive = 24
    plan: Plan = Plan()
    transform: Annotated[str, AfterValidator(_known_transform)] | None = None
    loss: Literal["squared", "absolute"] = "squared"
    intervals: Literal["own", "conformal", "adaptive"] = "own"
    seeds: Positive = 5
    seed: Count = 0
    median_of: Positive = Field(default=7, description="Earlier runs whose median is the usual.")
    gates: Gates = Gates()
    limits: Limits = Limits()
    retries: Retries = Retries()
    outputs: Outputs | None = None
    alerts: Alerts | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.sources:
            raise ValueError("sources is empty; name one series or more")
        names = [source.called for source in self.sources]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two sources are called {twice!r}; give each a name of its own")
        unknown = next((name for name in self.gates.skill_horizon if name not in self.models), None)
        if unknown is not None:
            raise ValueError(f"gates.skill_horizon names {unknown!r}. {nearest(unknown, self.models)}")
        return self

    def backtest_plan(self) -> BacktestPlan:
        """Give the plan as `compare` takes it."""
        from forecastkit.backtesting.plan import BacktestPlan

        return BacktestPlan(horizon=self.horizon, **dict(self.plan))


class Jobs(Section):
    """A jobs file."""

    outputs: Outputs = Outputs()
    alerts: Alerts = Alerts()
    jobs: dict[str, Job] = Field(min_length=1)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        """Give every job a folder of its own, and hand down what stands at the top."""
        folders: dict[str, str] = {}
        for name in self.jobs:
            folder = folder_name(name).casefold()
            if folder in folders:
                raise ValueError(f"{folders[folder]!r} and {name!r} would share a folder; rename one")
            folders[folder] = name
        return self

    def outputs_of(self, job: str) -> Outputs:
        """Outputs of a job: its own, else those of the file."""
        return self.jobs[job].outputs or self.outputs

    def alerts_of(self, job: str) -> Alerts:
        """Alerts of a job: its own, else those of the file."""
        return self.jobs[job].alerts or self.alerts
