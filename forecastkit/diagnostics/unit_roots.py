"""Several tests of one question, read together: levels or differences?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from forecastkit.arrays import Vector
from forecastkit.diagnostics.outcome import HypothesisTest
from forecastkit.diagnostics.stationarity import adf, dfgls, kpss, phillips_perron

Advice = Literal["levels", "differences", "line", "conflict", "unclear", "untested"]


@dataclass(frozen=True, slots=True)
class UnitRoots:
    """Tests of a unit root (small p: there is none) and of stationarity (small p: there is none).

    Args:
        adf, phillips_perron, dfgls, kpss: around a mean.
        adf_line, kpss_line: around a line.
    """

    adf: HypothesisTest
    phillips_perron: HypothesisTest
    dfgls: HypothesisTest
    kpss: HypothesisTest
    adf_line: HypothesisTest
    kpss_line: HypothesisTest

    @property
    def advice(self) -> Advice:
        """What ADF and KPSS say together.

        A unit root is rejected and stationarity is not: "levels". The reverse: "differences", or "line" where
        both tests around a line agree on stationarity. Both rejected: "conflict" (a trend, a break or long
        memory). Neither: "unclear" (little power).
        """
        if self.adf.p_value is None or self.kpss.p_value is None:
            return "untested"
        if self.adf.rejected:
            return "conflict" if self.kpss.rejected else "levels"
        if not self.kpss.rejected:
            return "unclear"
        return "line" if self.adf_line.rejected and not self.kpss_line.rejected else "differences"

    @property
    def differ(self) -> bool:
        """Whether to model first differences: ADF around a mean does not reject (the rule of `ar`)."""
        return not self.adf.rejected

    @property
    def tests(self) -> tuple[HypothesisTest, ...]:
        """All six tests."""
        return (self.adf, self.phillips_perron, self.dfgls, self.kpss, self.adf_line, self.kpss_line)

    @property
    def others_agree(self) -> bool:
        """Whether Phillips-Perron and DF-GLS answer as ADF does."""
        return self.phillips_perron.rejected == self.dfgls.rejected == self.adf.rejected


def look_for_unit_roots(values: Vector) -> UnitRoots:
    """Run every test of a unit root and of stationarity.

    Args:
        values: shape (T,).

    Raises:
        MissingValuesError: a value is missing.
    """
    return UnitRoots(
        adf=adf(values),
        phillips_perron=phillips_perron(values),
        dfgls=dfgls(values),
        kpss=kpss(values),
        adf_line=adf(values, trend="ct"),
        kpss_line=kpss(values, trend="ct"),
    )
