"""Series: one validated, frozen time series."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecastkit.arrays import Matrix, Vector, check_vector
from forecastkit.errors import DataError, ForecastKitWarning, IrregularIndexError
from forecastkit.series.covariates import check_covariates

Spacing = Literal["regular", "observations"]
Keeping = Literal["error", "keep"]
PERIODS = {"h": 24, "D": 7, "W": 52, "M": 12, "Q": 4, "Y": 1, "B": 5}
"""Season length by frequency, taken when none is given; anything else counts as unseasonal."""

CHECKPOINTS = 12
"""Lengths at which the beginning of a series is hashed."""
LOOKS_REGULAR = 10
"""Neighbouring dates in which a frequency is looked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One time series: values on a strictly increasing index.

    Args:
        values: shape (T,), finite, in `unit`; copied and made read-only.
        index: shape (T,), dates, periods or numbers, strictly increasing.
        name: what reports call the series.
        unit: what one unit of a value is, such as "USD".
        period: season length in observations, 1 for none.
        spacing: "regular", or "observations" where the dates follow no fixed frequency (trading days); a
            horizon then counts observations, and the report says so.
        default_transform: what `compare` and `backtest` take where no transform is asked for; prices come
            with "log-return".
        source: where the values come from and what was done to them, JSON-ready; kept in run folders and
            reports.
        missing: "keep" lets NaN stay for what is missing; only models that say so can take it.
        past: covariates observed with the values, shape (T, K), finite; a model sees those before an origin.
        known: covariates known ahead, such as the calendar or planned prices, shape (T, K) or, with what is
            known beyond the last value, longer; a model sees those of the steps that it forecasts too.
        past_names, known_names: of the columns; numbered where there are none.

    Raises:
        DataError: values or covariates are not finite numbers, or lengths differ, or the period is below 1.
        IrregularIndexError: index duplicated or out of order.
    """

    values: Vector
    index: pd.Index
    name: str = "y"
    unit: str = ""
    period: int = 1
    spacing: Spacing = "regular"
    default_transform: str = "none"
    source: Mapping[str, Any] = field(default_factory=dict)
    missing: Keeping = "error"
    past: Matrix | None = None
    known: Matrix | None = None
    past_names: tuple[str, ...] = ()
    known_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(
            self,
            "values",
            check_vector(self.values, f"Series {self.name!r}", keep_missing=self.missing == "keep"),
        )
        if len(self.index) != len(self.values):
            raise DataError(
                f"Series {self.name!r} has {len(self.values)} values and {len(self.index)} index entries. "
                "One index entry for each value is needed."
            )
        if self.period < 1:
            raise DataError(
                f"Series {self.name!r} was given period {self.period}; 1 (none) or more is needed."
            )
        _check_order(self.index, self.name)
        self._check_covariates()

    def _check_covariates(self) -> None:
        for kind, ahead in (("past", False), ("known", True)):
            given, names = getattr(self, kind), getattr(self, f"{kind}_names")
            if given is None and names:
                raise DataError(
                    f"Series {self.name!r} has names of {kind} covariates ({', '.join(names)}) and no "
                    f"values of them. Give {kind} as well."
                )
            if given is not None:
                what = f"The {kind} covariates of series {self.name!r}"
                given, names = check_covariates(given, names, len(self), what, ahead=ahead)
                object.__setattr__(self, kind, given)
                object.__setattr__(self, f"{kind}_names", names)

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        span = f"{label(self.index[0])} to {label(self.index[-1])}"
        return f"Series({self.name!r}, {len(self)} observations, {span}, period={self.period})"

    @property
    def fingerprint(self) -> str:
        """Hash of values, covariates, index and period: equal for equal data, whatever the name."""
        digest = hashlib.sha256(self.values.tobytes())
        digest.update("\n".join(map(str, self.index)).encode())
        digest.update(f"{self.period} {self.spacing}".encode())
        for kind, given in (("past", self.past), ("known", self.known)):
            if given is not None:
                digest.update(f"{kind} {getattr(self, f'{kind}_names')} {given.shape}".encode())
                digest.update(given.tobytes())
        return digest.hexdigest()

    @property
    def process(self) -> str:
        """The synthetic process that made the values, such as "synthetic:ar2?n=2000"; "" for data."""
        return str(self.source.get("process", ""))

    @property
    def frequency(self) -> str:
        """Frequency of the index in pandas' words, "" where it has none."""
        return getattr(self.index, "freqstr", None) or ""

    @classmethod
    def from_pandas(
        cls,
        data: pd.Series,
        *,
        name: str | None = None,
        unit: str = "",
        period: int | None = None,
        frequency: str | None = None,
        missing: Keeping = "error",
    ) -> Series:
        """Take a pandas Series over.

        A frequency that is declared (by the index or by `frequency`) must have no gaps. Where none is
        declared, one that fits every date is adopted; dates that fit none are taken as
        `spacing="observations"`.

        Args:
            data: numbers on an index of dates, periods or numbers.
            name: overrides `data.name`.
            unit: what one unit of a value is.
            period: season length; by default the usual one of the frequency (monthly 12, hourly 24, ...).
            frequency: pandas frequency that the dates must follow without gaps, such as "D" or "MS".
            missing: "keep" lets NaN stay.

        Raises:
            DataError: not numeric or not finite.
            IrregularIndexError: duplicate or unsorted dates, or a gap in a declared frequency.

        Example:
            >>> Series.from_pandas(pd.Series([1.0, 2.0], pd.date_range("2024", periods=2, freq="MS"))).period
            12
        """
        if not isinstance(data, pd.Series):
            raise DataError(
                f"from_pandas was given {type(data).__name__}; a pandas Series is needed: pick one column."
            )
        name = name or (str(data.name) if data.name is not None else "y")
        index = data.index
        _check_order(index, name)
        if frequency is None and isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
            frequency = index.freqstr
        if frequency is not None:
            index = _declared(index, frequency, name)
        elif isinstance(index, pd.DatetimeIndex):
            index = pd.DatetimeIndex(index, freq="infer")
            _warn_of_gaps(index, name)
        regular = index.freq is not None if isinstance(index, pd.DatetimeIndex) else _evenly_numbered(index)
        return cls(
            values=data.to_numpy(),
            index=index,
            name=name,
            unit=unit,
            period=usual_period(index) if period is None else period,
            spacing="regular" if regular else "observations",
            missing=missing,
        )

    @classmethod
    def from_array(cls, values: ArrayLike, *, name: str = "y", unit: str = "", period: int = 1) -> Series:
        """Number the values 0, 1, 2, ... and take them as a series."""
        vector = check_vector(values, f"Series {name!r}")
        return cls(values=vector, index=pd.RangeIndex(len(vector)), name=name, unit=unit, period=period)

    def to_pandas(self) -> pd.Series:
        """Copy into a pandas Series."""
        return pd.Series(np.array(self.values), index=self.index, name=self.name)


def usual_period(index: pd.Index) -> int:
    """Season length that the frequency of an index suggests, 1 where it suggests none."""
    if not (isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) and index.freqstr):
        return 1
    rule = index.freqstr.split("-")[0]
    return PERIODS.get(rule.removesuffix("S").removesuffix("E") if rule not in PERIODS else rule, 1)


def checkpoints(series: Series, stops: Sequence[int] | None = None) -> list[tuple[int, str]]:
    """Hash the beginning of a series at several lengths: a later one is then compared without its values.

    Args:
        series: the data.
        stops: lengths; by default up to 12, evenly spaced, the last being the whole.

    Returns:
        length and hash of that many first observations.

    Example:
        >>> one, two = Series.from_array([1.0, 2.0, 3.0]), Series.from_array([1.0, 2.0, 4.0])
        >>> [a == b for a, b in zip(checkpoints(one), checkpoints(two))]
        [True, True, False]
    """
    n = len(series)
    if stops is None:
        stops = sorted({-(-n * i // CHECKPOINTS) for i in range(1, CHECKPOINTS + 1)})
    marks = []
    for stop in stops:
        digest = hashlib.sha256(series.values[:stop].tobytes())
        digest.update("\n".join(map(str, series.index[:stop])).encode())
        marks.append((int(stop), digest.hexdigest()[:16]))
    return marks


def _warn_of_gaps(index: pd.DatetimeIndex, name: str) -> None:
    """Say where dates look like a frequency with some missing, for then the season is lost with it."""
    if index.freq is not None or len(index) < 2 * LOOKS_REGULAR:
        return
    runs = (index[i : i + LOOKS_REGULAR] for i in range(0, len(index) - LOOKS_REGULAR + 1, LOOKS_REGULAR))
    found = {freq.freqstr for run in runs if (freq := pd.DatetimeIndex(run, freq="infer").freq) is not None}
    for frequency in sorted(found - {"B"}):
        full = pd.date_range(index[0], index[-1], freq=frequency)
        missing = full.difference(index)
        if index.isin(full).all() and len(missing) <= 0.1 * len(full):
            warnings.warn(
                f"Series {name!r} looks like frequency {frequency!r} with {len(missing)} dates missing, the "
                f"first is {label(missing[0])}. It is taken as observations without a season. Fill the "
                "dates, or give the period.",
                ForecastKitWarning,
                stacklevel=4,
            )
            return


def _evenly_numbered(index: pd.Index) -> bool:
    """Whether numbers rise by equal steps; what is neither number nor date counts as regular."""
    if not pd.api.types.is_numeric_dtype(index):
        return True
    steps = np.diff(index.to_numpy(dtype=np.float64))
    return len(steps) == 0 or bool(np.ptp(steps) <= 1e-9 * steps[0])


def label(moment: object) -> str:
    """Write an index entry as briefly as it allows: a date without its midnight."""
    text = str(moment)
    return text.removesuffix(" 00:00:00")


def _check_order(index: pd.Index, name: str) -> None:
    if index.hasnans:
        raise IrregularIndexError(
            f"Series {name!r} has an index entry that is missing. Give every value its date."
        )
    if not index.is_unique:
        first = index[index.duplicated()][0]
        raise IrregularIndexError(
            f"Series {name!r} has {int(index.duplicated().sum())} duplicate dates, the first is "
            f"{label(first)}. Each date is needed once: drop or aggregate the duplicates, for example with "
            "`.groupby(level=0).last()`."
        )
    if not index.is_monotonic_increasing:
        where = int(np.flatnonzero(index[1:] < index[:-1])[0]) + 1
        raise IrregularIndexError(
            f"Series {name!r} is out of order at {label(index[where])} (position {where}). "
            "Dates in rising order are needed: sort them, for example with `.sort_index()`."
        )


def _declared(index: pd.Index, frequency: str, name: str) -> pd.Index:
    """Return the index with its declared frequency, or say which date is missing."""
    if not isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
        raise IrregularIndexError(
            f"Series {name!r} was given frequency {frequency!r} but its index holds no dates. "
            "Leave the frequency out, or give dates."
        )
    make = pd.period_range if isinstance(index, pd.PeriodIndex) else pd.date_range
    try:
        full = make(index[0], index[-1], freq=frequency)
    except ValueError as error:
        raise IrregularIndexError(
            f"Series {name!r} was given frequency {frequency!r}, which pandas does not know ({error}). "
            "Use one of its names, such as D, B, W, MS, QS, YS or h."
        ) from error
    missing = full.difference(index)
    extra = index.difference(full)
    if len(missing) or len(extra):
        what, first = ("lacks", missing) if len(missing) else ("has off-frequency", extra)
        raise IrregularIndexError(
            f"Series {name!r} declares frequency {frequency!r} but {what} {len(first)} dates, the first is "
            f"{label(first[0])}. Every date of a declared frequency is needed: fill the gaps "
            "(`.asfreq(...)`, `.interpolate()`), or declare no frequency, and the horizon counts "
            "observations."
        )
    return full
