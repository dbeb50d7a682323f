"""How a table becomes a series: which columns, how dates and numbers are written, what to do with gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from forecastkit.errors import PlanError, nearest
from forecastkit.sources.covariates import CALENDAR

Missing = Literal["error", "keep", "interpolate"]
DECIMALS = (".", ",")
MISSING = ("error", "keep", "interpolate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a reader is told; everything may be left out where the table leaves no doubt.

    Args:
        column: which column holds the values: else the only one that can, or the one called y.
        date_column: which one holds the dates: else the first called ds, date, time, ...; without any the
            rows are numbered.
        date_format: how dates are written, in strptime's codes, or "unix" (seconds), "unix-ms", "number" (no
            dates); else ISO 8601 (2024-01-31), quarters (2024Q1), weeks (2024-W05), month names, and day and
            month in the one order that fits every row.
        separator: between the fields of a text file; else the one that divides every line alike.
        decimal: "." or ","; the other sign then groups thousands. Else what the numbers show.
        series: which series of a long table (columns unique_id, ds, y), by its unique_id.
        time_zone: zone in which clock times are read, or to which times with an offset are taken, such as
            "Europe/Berlin".
        frequency: pandas frequency that the dates must follow without gaps, such as "D" or "MS".
        missing: "error" refuses missing values; "keep" hands them to models that can take them; "interpolate"
            puts values on the line between the neighbours, within the series only. With a frequency, absent
            dates count as missing. Origins and targets that touch a filled value are never scored.
        known: columns with covariates known ahead, one name or several; rows after the last value are those
            of the future. "calendar" stands for hours, weekdays or months, whichever suit the steps.
        past: columns with covariates that are observed with the values.

    Raises:
        PlanError: a setting is not one of those above, or a column is named twice.
    """

    column: str | None = None
    date_column: str | None = None
    date_format: str | None = None
    separator: str | None = None
    decimal: str | None = None
    series: str | None = None
    time_zone: str | None = None
    frequency: str | None = None
    missing: Missing = "error"
    known: tuple[str, ...] = ()
    past: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("known", "past"):
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, str) else tuple(given))
        named = [name for name in (self.column, self.date_column, *self.known, *self.past) if name]
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise PlanError(
                f"Column {twice[0]!r} was named twice. A column holds values, dates, or covariates, known "
                "ahead or past."
            )
        if self.missing not in MISSING:
            raise PlanError(f"There is no missing={self.missing!r}. {nearest(str(self.missing), MISSING)}")
        if self.decimal not in (None, *DECIMALS):
            raise PlanError(f"decimal={self.decimal!r} was given; '.' or ',' is needed.")
        if self.separator is not None and len(self.separator) != 1:
            raise PlanError(
                f"separator={self.separator!r} was given; one character is needed, such as ';' or a tab."
            )

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Reading:
        """Make one of settings by name.

        Raises:
            PlanError: there is no such setting; the message lists the nearest.
        """
        known = [f.name for f in fields(cls)]
        for name in settings:
            if name not in known:
                raise PlanError(f"There is no setting {name!r} for reading a table. {nearest(name, known)}")
        return cls(**settings)

    @property
    def covariates(self) -> tuple[str, ...]:
        """Columns of covariates."""
        return tuple(name for name in (*self.known, *self.past) if name != CALENDAR)

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the settings that were made."""
        return tuple(f.name for f in fields(self) if getattr(self, f.name) != f.default)
