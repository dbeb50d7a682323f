"""Calls of direction against chance."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import norm

import forecastkit as fk
from forecastkit.comparison.direction import directional_accuracy
from forecastkit.comparison.significance import newey_west


def by_contingency(f: np.ndarray, y: np.ndarray) -> float:
    """p of Pesaran & Timmermann (1992) as printed there: P, P*, V(P) and V(P*) one by one."""
    n = len(f)
    p_y, p_x = np.mean(y > 0), np.mean(f > 0)
    share = np.mean((y > 0) == (f > 0))
    star = p_y * p_x + (1 - p_y) * (1 - p_x)
    v = star * (1 - star) / n
    v_star = (
        (2 * p_y - 1) ** 2 * p_x * (1 - p_x) / n
        + (2 * p_x - 1) ** 2 * p_y * (1 - p_y) / n
        + 4 * p_y * p_x * (1 - p_y) * (1 - p_x) / n**2
    )
    return float(norm.sf((share - star) / np.sqrt(v - v_star)))


def test_the_classical_p_is_that_of_the_article(rng: np.random.Generator) -> None:
    y = rng.normal(0.3, 1, 80)
    f = 0.4 * y + rng.normal(0.1, 1, 80)
    assert directional_accuracy(f, y).classical == pytest.approx(by_contingency(f, y), rel=1e-12)


def test_the_products_have_the_hac_variance_of_statsmodels(rng: np.random.Generator) -> None:
    y = np.convolve(rng.normal(size=203), np.ones(4), "valid")
    f = 0.5 * y + rng.normal(size=200)
    up, came = f > 0, y > 0
    products = 2.0 * (up - up.mean()) * (came - came.mean())
    told = directional_accuracy(f, y, 4)
    assert told.share - told.expected == pytest.approx(products.mean(), rel=1e-12)
    fitted = sm.OLS(products, np.ones(200)).fit(cov_type="HAC", cov_kwds={"maxlags": 6})
    ours = newey_west(products, 4, alternative="greater")
    assert ours.statistic == pytest.approx(fitted.tvalues[0], rel=1e-10)
    assert told.test.statistic == pytest.approx(ours.statistic, rel=0.5)  # another variance, the same mean


def test_a_rising_series_gives_no_credit_for_calling_up() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(0.5, 1, 300)
    told = directional_accuracy(rng.normal(2, 1, 300), y)
    assert told.share > 0.6
    assert abs(told.share - told.expected) < 0.05
    assert told.test.p_value > 0.05


def test_standing_still_is_no_call_and_no_move_is_no_cell() -> None:
    told = directional_accuracy(np.array([0.0, 1.0, -1.0, 1.0]), np.array([1.0, 1.0, 1.0, 0.0]))
    assert (told.share, told.calls, told.no_calls) == (0.5, 2, 1)
    assert directional_accuracy(np.zeros(5), np.ones(5)).share is None


def test_overlap_costs_certainty(rng: np.random.Generator) -> None:
    y = np.convolve(rng.normal(size=211), np.ones(12), "valid")
    f = y + 4 * np.convolve(rng.normal(size=211), np.ones(12), "valid") / 2
    told = directional_accuracy(f, y, 12)
    assert told.test.p_value > 10 * told.classical


def test_comparisons_tell_directions_and_show_them() -> None:
    from forecastkit.reporting.audit_words import direction_table

    result = fk.compare(
        fk.load("synthetic:ma?n=600&theta=-0.9"), ["ar"], plan=fk.BacktestPlan(horizon=3, origins=200)
    )
    told = result.direction("ar")
    assert len(told) == 3
    assert told[0].test.p_value < 0.01
    table = direction_table(result)
    assert table.columns == ("h", "right", "chance", "p")
    assert len(table.rows) == 3
