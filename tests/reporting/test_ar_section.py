"""The section about the autoregression: the last fit, in the page, the document and the figure."""

import numpy as np
import pytest

import forecastkit as fk
from forecastkit.models.ar_diagnosis import diagnose_ar
from forecastkit.models.autoregressive import Autoregression
from forecastkit.reporting.ar_figure import draw_memory
from forecastkit.reporting.ar_section import ar_section
from forecastkit.reporting.document import document
from forecastkit.reporting.page import page
from forecastkit.reporting.render import render


@pytest.fixture(scope="module")
def result() -> fk.Comparison:
    plan = fk.BacktestPlan(horizon=6, origins=40)
    return fk.compare(fk.load("synthetic:ar2?n=300&seed=2"), ["ar"], plan=plan)


def test_it_is_the_last_fit(result):
    section = ar_section(result)
    stop = int(result.forecasts.origins[-1])
    history = fk.History(result.series.values[:stop], result.series.index[:stop])
    facts = result.forecasts.facts["ar"][-1]
    recipe = Autoregression(difference=facts["modelled"] == "changes", max_lag=facts["max_lag"])
    fitted = recipe.fit(history, horizon=6, rng=np.random.default_rng(0))
    assert section.found.p == facts["p"]
    np.testing.assert_allclose(section.found.phi, fitted.phi, rtol=1e-7)


def test_page_and_document_hold_it(result):
    html = page(result)
    for part in ("The autoregression taken apart", "HAC s.e.", "Inverse roots", "What it leaves"):
        assert part in html
    text = render(result, ["md"])["report.md"]
    for part in ("ar taken apart: AR(2) of the values", "figures/memory.png", "### Inverse roots"):
        assert part in text
    told = document(result)["autoregression"]
    assert told["model"] == "ar"
    assert len(told["found"]["error"]) == 6


def test_without_an_ar_there_is_no_section():
    plan = fk.BacktestPlan(horizon=3, origins=30)
    result = fk.compare(fk.load("synthetic:ar2?n=150&seed=2"), ["drift"], plan=plan)
    assert ar_section(result) is None
    assert document(result)["autoregression"] is None
    assert "taken apart" not in page(result)


@pytest.mark.parametrize("width", ["wide", "narrow"])
def test_the_figure_has_four_panels(rng, width):
    figure = draw_memory(diagnose_ar(rng.normal(size=200), horizon=12), width=width)
    assert len(figure.axes) == 4
    assert [text.get_text() for text in figure.texts][1] == "Standard deviation of the error, by h"
