"""Covariates: what is refused, and that they belong to the hash of the data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecastkit.errors import DataError, MissingValuesError
from forecastkit.series.series import Series

DAYS = pd.date_range("2024-01-01", periods=10, freq="D")


def series(**covariates) -> Series:
    return Series(np.arange(10.0), DAYS, **covariates)


def test_covariates_are_copied_named_and_read_only() -> None:
    known = np.arange(24.0).reshape(12, 2)
    made = series(known=known, past=np.arange(10.0), past_names=("rain",))
    known[:] = -1
    assert made.known.tolist() == np.arange(24.0).reshape(12, 2).tolist()
    assert (made.known_names, made.past_names) == (("known 1", "known 2"), ("rain",))
    assert made.past.shape == (10, 1)
    assert not made.known.flags.writeable


def test_covariates_belong_to_the_fingerprint() -> None:
    plain, promo = series(), series(known=np.ones(10), known_names=("promo",))
    prints = {
        plain.fingerprint,
        promo.fingerprint,
        replace(promo, known_names=("price",)).fingerprint,
        replace(promo, known=np.zeros(10)).fingerprint,
        series(past=np.ones(10), past_names=("promo",)).fingerprint,
    }
    assert len(prints) == 5
    assert promo.fingerprint == series(known=np.ones((10, 1)), known_names=("promo",)).fingerprint


@pytest.mark.parametrize(
    ("covariates", "error", "message"),
    [
        ({"known": np.ones(9)}, DataError, r"shape \(9, 1\); 10 rows or more are needed"),
        ({"past": np.ones(11)}, DataError, r"shape \(11, 1\); 10 rows are needed"),
        ({"known": np.ones((10, 0))}, DataError, r"shape \(10, 0\)"),
        ({"known": np.ones((10, 2)), "known_names": ("a",)}, DataError, "2 columns and the names a"),
        ({"known": np.ones((10, 2)), "known_names": ("a", "a")}, DataError, "one name of its own"),
        ({"past_names": ("a",)}, DataError, r"names of past covariates \(a\) and no values"),
        ({"known": ["x"] * 10}, DataError, "not a number"),
        ({"past": [0.0] * 9 + [np.nan]}, MissingValuesError, "the first in 'past 1' at position 9"),
        ({"known": [0.0] * 9 + [np.inf]}, DataError, "1 missing or infinite values"),
    ],
)
def test_what_cannot_be(covariates, error, message) -> None:
    with pytest.raises(error, match=message):
        series(**covariates)
