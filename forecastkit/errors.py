"""Every exception and warning of forecastkit, one tree.

ForecastKitError                         what the command line catches and prints without a traceback
    DataError (ValueError)               the series is at fault
        MissingValuesError               NaN where none may be
        IrregularIndexError              duplicate, unsorted or missing dates
        SeriesTooShortError              too few observations for what was asked
        DatasetNotFoundError (LookupError)
            UnknownSymbolError           the market source does not know the symbol
            NoDataError                  it knows the symbol and has nothing in the range
        SourceUnavailableError (OSError) asking again later may help
            RateLimitedError             too many requests
            SourceDownError              no connection, or a server error
            MalformedReplyError          the answer is not what it should be
            OfflineError                 nothing is kept, and the network may not be used
        SnapshotDamagedError             a kept snapshot is not what was written
        ForecastFrameError               forecasts made elsewhere are at fault
            DuplicateForecastsError      one cell is forecast twice by one model
            ConflictingActualsError      one target has two actual values
            MisdatedForecastsError       cutoff, target and h do not fit together
    PlanError (ValueError)               this backtest cannot be run
    ConfigurationError (ValueError)      a jobs file is at fault; one line for each fault
    ModelError
        UnknownModelError (LookupError)  carries the nearest names
        FitError                         a fit or a forecast failed; carries model and origin
        TrainingError                    a network's training came to nothing, or there is no memory for it
        ForecastShapeError               the wrong shape came back; carries model and origin
    BackendError (ImportError)           TensorFlow is missing or unusable
    MissingExtraError (ImportError)      a file needs a package that an extra installs
    WorkerError (RuntimeError)           worker processes cannot be started
    ReportError (OSError)                a report or a run folder cannot be written or read
        LockedError                      another process is at work on the run
        StoreError                       the store of runs cannot be used
            StoreFullError               its disk has no room
            StoreReadOnlyError           it may not be written
            StoreGoneError               it vanished while it was in use
            StoreSchemaError             another version, or another program, wrote it
            StoreDamagedError            it does not hold what was written
            RunNotFoundError (LookupError)
        SavedForecasterError             a fitted forecaster cannot be kept in a folder, or read from it
            SavedForecasterSchemaError   another version wrote it
            SavedForecasterDamagedError  it does not hold what was written

ForecastKitWarning (UserWarning)
    ShortSampleWarning                   few origins for the claim
    UnpairedOriginsWarning               some model failed at some origins
    DeviceWarning                        a GPU was asked for, and there is none
    CrossedQuantilesWarning              quantiles that did not rise were sorted
    StoreWarning                         the store works, but not as usual

A message has three parts: what was given, what is needed, what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ForecastKitError(Exception):
    """Anything that forecastkit refuses or cannot do."""


class DataError(ForecastKitError, ValueError):
    """The series is at fault."""


class MissingValuesError(DataError):
    """A value is missing where every value is needed."""


class IrregularIndexError(DataError):
    """Dates are duplicated, out of order, or missing in a declared frequency."""


class SeriesTooShortError(DataError):
    """Fewer observations than the horizon, the lags and the origins need."""


class DatasetNotFoundError(DataError, LookupError):
    """No file, dataset or process has this name."""


class UnknownSymbolError(DatasetNotFoundError):
    """The market source does not know this symbol."""


class NoDataError(DatasetNotFoundError):
    """The symbol is known, but there is nothing in the range asked for."""


class SourceUnavailableError(DataError, OSError):
    """The source of market data gave no usable answer; asking again later may help."""


class RateLimitedError(SourceUnavailableError):
    """The source refused because of too many requests."""


class SourceDownError(SourceUnavailableError):
    """The source could not be reached or answered with a server error."""


class MalformedReplyError(SourceUnavailableError):
    """The source answered something that cannot be read."""


class OfflineError(SourceUnavailableError):
    """No snapshot is kept of what was asked for, and the network may not be used."""


class SnapshotDamagedError(DataError):
    """A kept snapshot is not what was written."""


class ForecastFrameError(DataError):
    """Forecasts made elsewhere cannot be used as they are."""


class DuplicateForecastsError(ForecastFrameError):
    """One model forecasts one cell twice."""


class ConflictingActualsError(ForecastFrameError):
    """One target has two actual values."""


class MisdatedForecastsError(ForecastFrameError):
    """Cutoff, target and steps ahead do not fit together."""


class PlanError(ForecastKitError, ValueError):
    """This backtest cannot be run as asked."""


class ConfigurationError(ForecastKitError, ValueError):
    """A jobs file is at fault; one line for each fault."""


class ModelError(ForecastKitError):
    """A model is unknown or failed."""


class UnknownModelError(ModelError, LookupError):
    """No model has this name."""


class _ModelFailure(ModelError):
    def __init__(self, message: str, *, model: str, origin: int) -> None:
        super().__init__(message)
        self.model = model
        self.origin = origin


class FitError(_ModelFailure):
    """A model raised, or answered something that is not finite."""


class TrainingError(ModelError):
    """The training of a network came to no finite loss, or there is not enough memory for it."""


class ForecastShapeError(_ModelFailure):
    """A model answered another shape than (horizon,)."""


class BackendError(ForecastKitError, ImportError):
    """TensorFlow is missing or unusable."""


class MissingExtraError(ForecastKitError, ImportError):
    """A file needs a package that an extra installs."""


class WorkerError(ForecastKitError, RuntimeError):
    """Worker processes cannot be started."""


class ReportError(ForecastKitError, OSError):
    """A report or a run folder cannot be written or read."""


class LockedError(ReportError):
    """Another process is at work on the run."""


class StoreError(ReportError):
    """The store of runs cannot be used."""


class StoreFullError(StoreError):
    """The disk of the store has no room."""


class StoreReadOnlyError(StoreError):
    """The store may not be written."""


class StoreGoneError(StoreError):
    """The store vanished while it was in use."""


class StoreSchemaError(StoreError):
    """Another version of forecastkit, or another program, wrote the file."""


class StoreDamagedError(StoreError):
    """The store does not hold what was written."""


class RunNotFoundError(StoreError, LookupError):
    """No run, or more than one, has this name."""


class SavedForecasterError(ReportError):
    """A fitted forecaster cannot be kept in a folder, or read from it."""


class SavedForecasterSchemaError(SavedForecasterError):
    """Another version of forecastkit wrote the folder."""


class SavedForecasterDamagedError(SavedForecasterError):
    """The folder does not hold what was written."""


class ForecastKitWarning(UserWarning):
    """Something the reader of a result should know."""


class ShortSampleWarning(ForecastKitWarning):
    """There are few origins for the claim."""


class UnpairedOriginsWarning(ForecastKitWarning):
    """Some model failed at some origins, which left the comparison."""


class DeviceWarning(ForecastKitWarning):
    """A GPU was asked for, and networks run on the CPU."""


class CrossedQuantilesWarning(ForecastKitWarning):
    """Quantiles that did not rise with their level were sorted."""


class StoreWarning(ForecastKitWarning):
    """The store works, but not as usual."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Name the known words closest to `word`, or all of them, as the end of an error message."""
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=3, cutoff=0.5)
    if close:
        return "Did you mean " + " or ".join(close) + "?"
    return "Known: " + ", ".join(known) + "."


def exit_code(error: BaseException) -> int:
    """Give the exit code of an error: 2 usage, 3 data, 4 model, 6 disk, 75 in use, 1 anything else."""
    if isinstance(error, LockedError):
        return 75
    if isinstance(error, PlanError | UnknownModelError | ConfigurationError):
        return 2
    if isinstance(error, DataError | MissingExtraError):
        return 3
    if isinstance(error, ReportError):
        return 6
    return 4 if isinstance(error, ModelError | ImportError) else 1
