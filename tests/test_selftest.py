"""The self-test passes what is right and catches an index and a sign."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from forecastkit.errors import PlanError
from forecastkit.models.autoregressive import Autoregression
from forecastkit.models.registry import model_names
from forecastkit.selftest import HORIZONS, QUICK, bands_of, run_selftest


@dataclass(frozen=True)
class Copy:
    """The AR, fitted at every tenth origin, with a fault."""

    fault: str = ""
    inside: Autoregression = field(default_factory=Autoregression)
    name: str = "copy"
    family: str = "ar"
    default_refit: int | None = 10

    def prepare(self, history, *, horizon, rng):
        return replace(self, inside=self.inside.prepare(history, horizon=horizon, rng=rng))

    def fit(self, history, *, horizon, rng):
        fitted = self.inside.fit(history, horizon=horizon, rng=rng)
        return FaultyFit(fitted, self.fault)


@dataclass(frozen=True)
class FaultyFit:
    fitted: object
    fault: str

    def forecast(self, history, horizon):
        path = self.fitted.forecast(history, horizon)
        if self.fault == "index":
            return np.concatenate([history.values[-1:], path[:-1]])
        if self.fault == "sign":
            return 2 * history.values[-1] - path
        return path


@pytest.mark.parametrize("fault", ["", "index", "sign"])
def test_an_index_and_a_sign_in_a_copy_of_the_ar_are_caught(fault: str) -> None:
    found = run_selftest({"copy": Copy(fault)}, quick=True)
    assert [row.process for row in found.rows] == ["ar2", "random-walk", "white-noise"]
    caught = {row.process for row in found.outside}
    assert ("ar2" in caught) == bool(fault)
    assert caught == set() if not fault else "white-noise" in caught
    assert ("OUTSIDE" in repr(found)) == bool(fault)


def test_references_stand_at_their_closed_forms() -> None:
    found = run_selftest(["naive", "climatology"], quick=True)
    assert found.outside == ()
    naive = next(row for row in found.rows if row.model == "naive" and row.process == "ar2")
    assert naive.band.high[0] == pytest.approx(1.12 * 1.1323, rel=1e-3)  # sqrt(2 (g_0 - g_1)) = 1.1323
    assert repr(found).splitlines()[-1].startswith("All 4 inside their bands; ")


def test_a_model_that_fails_is_named() -> None:
    def fails(values, horizon):
        raise RuntimeError("no luck")

    found = run_selftest({"fails": fails}, quick=True)
    assert len(found.outside) == 3
    assert "it failed at some origins" in repr(found)


def test_every_registered_model_has_a_band() -> None:
    from forecastkit.models.registry import find_model

    for name in model_names():
        for band in bands_of(name, find_model(name).family, QUICK):
            assert len(band.low) == len(band.high) == len(HORIZONS)
            assert all(low < high for low, high in zip(band.low, band.high, strict=True))


def test_no_model_is_refused() -> None:
    with pytest.raises(PlanError, match="No model was given"):
        run_selftest([])
