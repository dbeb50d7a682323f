"""What every test of this room answers, and the checks made before it."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

from forecastkit.arrays import Vector, check_vector
from forecastkit.errors import SeriesTooShortError

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class HypothesisTest:
    """Outcome of one test; small p: its null hypothesis is rejected.

    Args:
        name: of the test.
        null: the null hypothesis in words.
        statistic, p_value: None where the data allow no test, and `reason` says why.
        n: observations or rows that it rests on.
        degrees: of freedom, (k,) for chi-square(k), (k, m) for F(k, m), () where neither applies.
        lags: number of lags used, None where there are none.
        bound: "<=" or ">=" where p lies beyond the end of a published table.
        reason: why there is no test.
    """

    name: str
    null: str
    statistic: float | None
    p_value: float | None
    n: int
    degrees: tuple[int, ...] = ()
    lags: int | None = None
    bound: str = ""
    reason: str = ""

    @property
    def rejected(self) -> bool:
        """Whether the null hypothesis is rejected at 5 %."""
        return self.p_value is not None and self.p_value < LEVEL


def checked(values: ArrayLike, what: str, needed: int) -> Vector:
    """Take finite numbers over, and see that there are enough of them.

    Args:
        values: shape (T,).
        what: what needs them, for the message.
        needed: the fewest that will do.

    Raises:
        MissingValuesError, DataError: not every value is a finite number.
        SeriesTooShortError: T < needed.
    """
    vector = check_vector(values, f"The input of {what}")
    if len(vector) < needed:
        raise SeriesTooShortError(
            f"{what} was given {len(vector)} values and needs {needed}. Give a longer series, or fewer lags."
        )
    return vector
