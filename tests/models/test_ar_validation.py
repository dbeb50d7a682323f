"""Decisions by forecasts from origins inside the past."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecastkit.errors import SeriesTooShortError
from forecastkit.models._ar_design import lags_to, rows_of
from forecastkit.models._ar_fits import Sample
from forecastkit.models._ar_validation import (
    FEWEST,
    INSIDE,
    choose_by_validation,
    squared_errors,
    validated_weights,
    validation_schedule,
)


@given(st.integers(1, 3000), st.integers(1, 60))
def test_origins_lie_in_the_second_half_with_all_their_targets_inside(n, horizon) -> None:
    schedule = validation_schedule(n, horizon)
    if schedule is None:
        assert n - horizon + 1 - n // 2 < FEWEST
        return
    stops = schedule.origins[:, 1]
    assert n // 2 <= stops.min()
    assert stops.max() + horizon <= n
    assert FEWEST // 2 <= len(stops) <= INSIDE
    assert (np.diff(stops) > 0).all()
    assert schedule.fits.tolist() == schedule.origins.tolist()


def test_squared_errors_by_hand() -> None:
    found = squared_errors(np.array([0.0, 1, 2, 4]), np.array([1, 2]), np.array([[1.0, 1], [0, 0]]))
    assert found.tolist() == [[0, 1], [4, 16]]


def test_weights_by_hand() -> None:
    values = np.array([0.0, 0.0, 1.0, 0.0, 4.0])
    origins = np.array([2, 4])
    mean = np.array([[2.0], [2.0]])  # last values 0 and 0, what came 1 and 4
    assert validated_weights(values, origins, mean) == (1.0,)  # (1 * 2 + 4 * 2) / 8 is more than all
    assert validated_weights(values, origins[:1], mean[:1]) == (0.5,)
    assert validated_weights(values, origins[:1], -mean[:1]) == (0.0,)
    assert validated_weights(values, origins[:1], np.zeros((1, 1))) == (0.0,)


@given(st.integers(0, 50))
def test_weights_lie_between_naive_and_forecast_and_minimise_the_error(seed) -> None:
    rng = np.random.default_rng(seed)
    values, origins = rng.normal(size=40).cumsum(), np.arange(20, 36)
    mean = rng.normal(size=(16, 3)) + values[origins - 1][:, None]
    weights = np.array(validated_weights(values, origins, mean))
    assert ((weights >= 0) & (weights <= 1)).all()
    last = values[origins - 1][:, None]

    def error(share: np.ndarray) -> np.ndarray:
        return squared_errors(values, origins, share * mean + (1 - share) * last).mean(axis=0)

    for other in (0.0, 0.3, 0.7, 1.0):
        assert (error(weights) <= error(np.full(3, other)) + 1e-12).all()


def test_the_order_with_the_smallest_error_inside_is_chosen() -> None:
    rng = np.random.default_rng(6)
    values, horizon = rng.normal(size=200), 2
    for t in range(2, 200):
        values[t] += 0.5 * values[t - 1] + 0.3 * values[t - 2]
    columns = np.ones((200, 1))
    rows = rows_of(values, lags_to(3), columns)
    sample = Sample(values, columns, np.array([0]), np.array([120]))
    expected = []
    for p in range(4):
        errors = []
        for origin in range(60, 119):
            y = values[:origin]
            design = np.column_stack([np.ones(origin - 3), *(y[3 - i : origin - i] for i in range(1, p + 1))])
            beta = np.linalg.lstsq(design, y[3:])[0]
            path = y.tolist()
            for _ in range(horizon):
                path.append(beta[0] + sum(beta[i] * path[-i] for i in range(1, p + 1)))
            errors.append(np.mean((values[origin : origin + 2] - path[-2:]) ** 2))
        expected.append(np.mean(errors))
    found = choose_by_validation(rows, values, sample, horizon, cumulated=False)
    assert found.tolist() == [int(np.argmin(expected))]


def test_too_short_for_origins_inside() -> None:
    values, columns = np.arange(30.0), np.ones((30, 1))
    sample = Sample(values, columns, np.array([0]), np.array([30]))
    with pytest.raises(
        SeriesTooShortError, match="leave fewer than 10 origins inside them for criterion 'cv'"
    ):
        choose_by_validation(rows_of(values, lags_to(2), columns), values, sample, 9, cumulated=False)
