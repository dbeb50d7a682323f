from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text

import forecastkit as fk
from forecastkit.comparison.comparison import Comparison, conclude
from forecastkit.reporting.canvas import PALETTE, SHEETS, plain_number, shortened, spread_apart, wrapped
from forecastkit.reporting.duel_figure import draw_duel, relative_difference
from forecastkit.reporting.figures import draw_error, draw_fans, draw_skill, strokes_of
from forecastkit.reporting.quantities import (
    displayed,
    error_ceiling,
    error_curve,
    fan_origins,
    skill_range,
    step_word,
)
from forecastkit.reporting.svg import inline_svg
from forecastkit.series.series import Series
from forecastkit.series.transforms import find_transform

DRAWINGS = [draw_skill, draw_error, draw_fans]
HOSTILE = '<script>alert("1")</script>$x^2_{'


@pytest.fixture(scope="module")
def ar2() -> Comparison:
    return fk.compare(fk.load("synthetic:ar2?n=500&seed=3"), models=["ar", "drift"], horizon=6)


@pytest.fixture(scope="module")
def duel(planted: Callable[..., object]) -> Comparison:
    """A network of three seeds that is worse than the AR, and two references of unequal worth."""
    rng = np.random.default_rng(5)
    noise = rng.normal(size=(5, 40, 4))
    members = 2.0 * noise[3] + np.array([-0.3, 0.0, 0.4])[:, None, None]
    errors = {
        "naive": 3 * noise[0],
        "climatology": 9 * noise[1],
        "ar": noise[2],
        "lstm": members.mean(axis=0),
    }
    families = {"naive": "reference", "climatology": "reference", "ar": "ar", "lstm": "network"}
    forecasts = planted(errors, families, actual=rng.normal(size=(40, 4)), members={"lstm": members})
    values = rng.normal(size=len(forecasts.index))
    return conclude(
        Series.from_array(values, unit="m"), forecasts, transform=find_transform("none"), loss="squared"
    )


def texts(figure: Figure) -> list[str]:
    """Everything a reader reads."""
    figure.draw_without_rendering()
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible() and text.get_text()]


def line(figure: Figure, colour: str) -> np.ndarray:
    """Values of the longest curve of a colour; edges of bands are thinner, bars thicker."""
    found = [one for one in figure.axes[0].lines if one.get_color() == PALETTE[colour]]
    curves = [one for one in found if 1 <= one.get_linewidth() < 3 and len(one.get_ydata()) > 1]
    return np.asarray(max(curves, key=lambda one: len(one.get_ydata())).get_ydata())


@pytest.mark.parametrize("draw", DRAWINGS)
@pytest.mark.parametrize("width", SHEETS)
def test_a_drawing_is_as_wide_as_it_says(ar2: Comparison, draw: Callable[..., Figure], width: str) -> None:
    assert draw(ar2, width=width).get_size_inches()[0] * 72 == {"wide": 1000, "narrow": 360}[width]


def test_curves_are_the_numbers(ar2: Comparison) -> None:
    np.testing.assert_array_equal(line(draw_skill(ar2), "ar"), ar2.skill["ar"])
    np.testing.assert_array_equal(line(draw_error(ar2), "ar"), np.sqrt(ar2.scores.of("ar", "squared")))


def test_the_skill_horizon_is_named_above_the_axes(ar2: Comparison) -> None:
    assert ar2.skill_horizon["ar"].h >= 2
    assert f"ar: reliable up to h = {ar2.skill_horizon['ar'].h}" in texts(draw_skill(ar2))


def test_the_band_reaches_from_best_to_worst_seed(duel: Comparison) -> None:
    low, high = np.sqrt(duel.seed_spread["lstm"])
    thin = [one.get_ydata() for one in draw_error(duel).axes[0].lines if one.get_linewidth() == 0.7]
    np.testing.assert_array_equal(thin, [low, high])


def test_the_duel_is_drawn_as_a_share_of_the_loss_of_the_ar(duel: Comparison) -> None:
    loss = {model: duel.scores.of(model, "squared") for model in ("ar", "lstm")}
    share = (loss["lstm"] - loss["ar"]) / loss["ar"]
    np.testing.assert_allclose(line(draw_duel(duel), "network"), share, rtol=1e-9)
    band = relative_difference(duel)
    assert band is not None
    assert (band.low < share).all()
    assert (share < band.high).all()
    assert "Loss of lstm less ar, in shares of ar" in texts(draw_duel(duel))


def test_without_a_pair_there_is_no_duel(ar2: Comparison) -> None:
    assert relative_difference(ar2) is None
    with pytest.raises(ValueError, match="no pair"):
        draw_duel(ar2)


def test_error_is_mae_under_absolute_loss(planted: Callable[..., object]) -> None:
    errors = {"naive": np.full((12, 2), -3.0), "ar": np.full((12, 2), 2.0)}
    forecasts = planted(errors, {"naive": "reference", "ar": "ar"}, first=5)
    series = Series.from_array(np.arange(len(forecasts.index)) ** 2.0)
    result = conclude(series, forecasts, transform=find_transform("none"), loss="absolute")
    assert error_curve(result, "ar").tolist() == [2.0, 2.0]
    assert "MAE" in texts(draw_error(result))


@pytest.mark.parametrize("draw", DRAWINGS)
@pytest.mark.parametrize("width", SHEETS)
def test_no_text_says_minus_zero(duel: Comparison, draw: Callable[..., Figure], width: str) -> None:
    said = texts(draw(duel, width=width))
    assert not [text for text in said if re.fullmatch(r"[-\N{MINUS SIGN}]0(\.0*)?( %)?", text)]


def test_what_is_cut_off_is_said() -> None:
    values = np.random.default_rng(2).normal(size=60)
    bad = {"ar": "ar", "bad": lambda known, horizon: np.full(horizon, 100.0)}
    result = fk.compare(values, models=bad, horizon=3)
    assert skill_range(result)[0] == -0.5
    assert "below \N{MINUS SIGN}50 % not drawn" in texts(draw_skill(result))
    assert any(re.fullmatch(r"bad < \N{MINUS SIGN}1000 %", text) for text in texts(draw_skill(result)))
    assert error_ceiling(result) < 10
    assert any(text.startswith("above ") for text in texts(draw_error(result)))


def test_noise_does_not_fill_the_axis(ar2: Comparison) -> None:
    result = fk.compare(fk.load("synthetic:white-noise?n=200"), models=["ar"], horizon=2)
    assert skill_range(result) == (-0.1, 0.1)
    assert skill_range(ar2)[1] > 0.1


def test_fans_start_at_the_first_middle_and_last_common_origin(ar2: Comparison) -> None:
    assert fan_origins(ar2) == (0, 122, 244)
    titles = [text for text in texts(draw_fans(ar2)) if text.startswith("after ")]
    assert titles == ["after 249", "after 371", "after 493"]


def test_fans_of_log_returns_are_prices() -> None:
    values = np.exp(np.cumsum(np.random.default_rng(4).normal(size=80)) / 50)
    result = fk.compare(values, models=["ar"], horizon=4, transform="log-return")
    drawn = draw_fans(result).axes[0].lines[1]
    origin = int(result.forecasts.origins[0])
    assert drawn.get_xdata()[0] == -11
    assert drawn.get_ydata() == pytest.approx(values[origin - 12 : origin + 4])
    assert "Forecasts and actual values" in texts(draw_fans(result))
    forecast = result.forecasts.of("ar")[0]
    assert displayed(result, forecast, origin) == pytest.approx(values[origin - 1] * np.exp(forecast))


def test_models_keep_colour_and_dash(duel: Comparison) -> None:
    strokes = strokes_of(duel)
    assert [strokes[m].colour for m in ("ar", "lstm", "naive")] == ["#0072b2", "#c04e00", "#6b7178"]
    assert len({str(stroke.dash) for stroke in strokes.values()}) == 4


@pytest.mark.parametrize(
    ("frequency", "word"), [("YS", "years"), ("MS", "months"), ("D", "days"), ("h", "hours"), ("2D", "steps")]
)
def test_steps_are_called_by_their_frequency(frequency: str, word: str) -> None:
    import pandas as pd

    index = pd.date_range("2020-01-01", periods=4, freq=frequency)
    assert step_word(Series(np.arange(4.0), index)) == word


def elements(text: str) -> Iterator[ElementTree.Element]:
    return ElementTree.fromstring(text).iter()


@pytest.mark.parametrize("draw", DRAWINGS)
def test_svg_keeps_text_and_leaves_colours_and_fonts_to_the_page(
    ar2: Comparison, draw: Callable[..., Figure]
) -> None:
    text = inline_svg(draw(ar2), key="one", title="A & B", kind="wide")
    assert not re.search(r"#[0-9a-fA-F]{6}\b|http|font-family|DejaVu", text)
    root = ElementTree.fromstring(text)
    assert (root.get("role"), root.get("class"), root[0].text) == ("img", "wide", "A & B")
    assert root.get("aria-labelledby") == root[0].get("id") == "one-title"
    drawn = {e.text for e in elements(text) if e.tag == "text"}
    assert {"actual" if draw is draw_fans else "0 %" if draw is draw_skill else "drift", "ar"} <= drawn


def test_every_id_is_prefixed_used_and_unique(ar2: Comparison) -> None:
    text = inline_svg(draw_skill(ar2), key="one", title="t", kind="wide")
    ids = [e.get("id") for e in elements(text) if e.get("id")]
    used = (
        set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'href="#([^"]+)"', text)) | {"one-title"}
    )
    assert len(ids) == len(set(ids)) > 1
    assert set(ids) == used
    assert all(name.startswith("one-") for name in ids)


def test_equal_figures_give_equal_svg(ar2: Comparison) -> None:
    first, second = (inline_svg(draw_skill(ar2), key="k", title="t", kind="wide") for _ in range(2))
    assert first == second
    assert len(first) < 20_000


def test_a_colour_outside_the_palette_is_refused() -> None:
    figure = Figure()
    figure.text(0.5, 0.5, "x", color="#123456")
    with pytest.raises(ValueError, match="#123456"):
        inline_svg(figure, key="k", title="t", kind="wide")


@pytest.mark.parametrize("name", [HOSTILE, "名前\x00\x1b", "a_b$c$", "\\frac", "x" * 80])
def test_any_name_can_be_drawn(name: str) -> None:
    values = np.random.default_rng(1).normal(size=45)
    models = {name: lambda known, horizon: known[-1:].repeat(horizon) / 2, "ar": "ar"}
    series = Series.from_array(values, name=name, unit=name)
    result = fk.compare(series, models=models, horizon=2)
    for draw in DRAWINGS:
        text = inline_svg(draw(result, width="narrow"), key="k", title=name, kind="narrow")
        assert "<script" not in text
        assert len(list(elements(text.replace("\x00", "").replace("\x1b", "")))) > 20


@given(
    st.lists(st.floats(-50, 150), min_size=1, max_size=8).map(sorted),
    st.lists(st.floats(1, 12), min_size=8, max_size=8),
)
def test_labels_do_not_overlap_and_stay_inside(wanted: list[float], sizes: list[float]) -> None:
    heights = np.array(sizes[: len(wanted)])
    places = spread_apart(np.array(wanted), heights, 0.0, 100.0)
    assert np.all(np.diff(places) >= (heights[1:] + heights[:-1]) / 2 - 1e-9)
    assert places[0] - heights[0] / 2 >= -1e-9
    assert places[-1] + heights[-1] / 2 <= 100 + 1e-9


def test_labels_with_room_stay_where_they_are() -> None:
    assert spread_apart(np.array([10.0, 50.0]), np.array([8.0, 8.0]), 0.0, 60.0).tolist() == [10.0, 50.0]


def test_texts_are_kept_short_and_plain() -> None:
    assert wrapped("seasonal-climatology", 13) == ["seasonal-", "climatology"]
    assert wrapped("\x00", 5) == ["?"]
    assert shortened("abcdef", 4) == "abc…"
    assert [plain_number(v) for v in (-0.0, -1.5, 1e7)] == ["0", "\N{MINUS SIGN}1.5", "1e+07"]
