"""The section about the networks: what hand-made facts say, in words, table, figure, page and document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from forecastkit.backtesting.forecasts import Forecasts
from forecastkit.comparison.comparison import Comparison, conclude
from forecastkit.reporting.document import document
from forecastkit.reporting.network_facts import NetworkFits, network_fits
from forecastkit.reporting.network_figure import draw_network
from forecastkit.reporting.network_section import NetworkSection, network_document, network_section
from forecastkit.reporting.network_words import network_words
from forecastkit.reporting.page import page
from forecastkit.reporting.render import render
from forecastkit.runs.blocks import Failure
from forecastkit.series.series import Series
from forecastkit.series.transforms import find_transform

H = 4
AR = {"memory": {"windows": 1, "h": [1, 2, 4], "values": [2, 2, 1, 1], "curves": [[0.6, 0.4], [1.0], [1.0]]}}


def told(best: int = 2, **more: Any) -> dict[str, Any]:
    """What one fit of `lstm` tells."""
    memory = {
        "windows": 32,
        "h": [1, 2, 4],
        "values": [3, 3, 4, 5],
        "curves": [[0.5, 0.3, 0.2], [0.5, 0.5], [0.25, 0.0, 0.75]],
        "loss_values": 4,
        "network_values": [3, 4, 4, 6],
    }
    return {
        "lookback": 12,
        "steps": 6,
        "base": "naive",
        "level_visible": True,
        "log": False,
        "windows": 500,
        "validation_windows": 60,
        "guard_windows": 70,
        "fitted_until": 50,
        "units": 32,
        "parameters": 5272,
        "best_epoch": best,
        "epochs": 3,
        "training_loss": [0.9, 0.8, 0.7],
        "validation_loss": [1.0, 0.9, 0.6, 0.8],
        "refit": "cold",
        "learning_rate": 0.0004,
        "device": "CPU",
        "kernel": "packed, not fused: no GPU",
        "validation_ratio": 0.5,
        "guard": [1.0, 0.8, 0.0, 0.0],
        "memory": memory,
        **more,
    }


def without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in told().items() if key not in keys}


@pytest.fixture(scope="module")
def made(planted: Callable[..., Forecasts]) -> Callable[..., Comparison]:
    """Compare naive, an AR and the networks whose facts are given, each of as many seeds as asked."""

    def make(seeds: int = 2, ar: Any = AR, gap: float = 0.5, **networks: Any) -> Comparison:
        rng = np.random.default_rng(3)
        noise = rng.normal(size=(40, H))
        errors = {"naive": 3 * noise, "ar": noise}
        families = {"naive": "reference", "ar": "ar"}
        members = {}
        for name in networks:
            single = gap * noise * np.linspace(0.9, 1.1, seeds + 2)[1:-1, None, None]
            errors[name], families[name] = single.mean(axis=0), "network"
            members |= {name: single} if seeds > 1 else {}
        found = planted(errors, families, actual=rng.normal(size=(40, H)), members=members)
        facts = {"naive": (), "ar": (ar,) if ar else (), **networks}
        series = Series.from_array(rng.normal(size=len(found.index)))
        found = replace(
            found, facts=facts, refits={name: max(1, len(facts[name]) // seeds) for name in errors}
        )
        return conclude(series, found, transform=find_transform("none"), loss="squared")

    return make


def taken(comparison: Comparison) -> NetworkSection:
    section = network_section(comparison)
    assert section is not None
    return section


def words(comparison: Comparison) -> list[str]:
    (part,) = taken(comparison).parts
    return list(part.sentences)


def test_words_of_a_usual_network(made):
    assert words(made(lstm=(told(2), told(1, epochs=2)))) == [
        "Trained for 2 to 3 epochs; the best on the stopping block was epoch 1 to 2.",
        "The guard takes 80 to 100 % of its correction up to h = 2. From h = 3 on it takes nothing: "
        "forecasts are those of the base (naive).",
        "90 % of its forecast rests at h = 1 on the last 3 values (ar: 2), at h = 4 on the last 5 values "
        "(ar: 1).",
        "At h = 1 its loss is 75 % smaller than that of ar; single seeds lie up to 3 % of that loss apart.",
        "Every single seed has a smaller loss than ar at every h.",
    ]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            (told(0), told(0)),
            "Trained for 3 epochs, none of which improved on the start: the start was kept.",
        ),
        (
            (told(0), told(3)),
            "Trained for 3 epochs; the best on the stopping block was epoch 0 to 3; with 1 seed no epoch "
            "improved on the start; with 1 seed it was the last one: more might have helped.",
        ),
        (
            (told(3), told(3)),
            "Trained for 3 epochs; the best on the stopping block was epoch 3; it was the last one: more "
            "might have helped.",
        ),
        ((without("best_epoch"),) * 2, "Trained for 3 epochs; the fits tell of no epoch that was chosen."),
    ],
    ids=["start", "mixed", "last", "textbook"],
)
def test_words_on_the_epochs(made, facts, expected):
    assert words(made(lstm=facts))[0] == expected


@pytest.mark.parametrize(
    ("guards", "expected"),
    [
        ([[0.0] * 4] * 2, "nothing of its correction at every h: forecasts are those of the base (naive)."),
        ([[1.0] * 4] * 2, "all of its correction at every h."),
        ([[0.5] * 4] * 2, "50 % of its correction at every h."),
        ([[0.2] * 4, [1.0] * 4], "60 % of its correction at every h (average of 2 seeds)."),
        (
            [[1.0, 0.0, 0.4, 0.0]] * 2,
            "40 to 100 % of its correction at h = 1 and 3, and nothing at h = 2 and 4: forecasts are those "
            "of the base (naive) there.",
        ),
        (
            [[1.0, 1.0, 0.9, 0.0]] * 2,
            "90 to 100 % of its correction up to h = 3. At h = 4 it takes nothing: forecasts are those of "
            "the base (naive).",
        ),
        ([[0.93]] * 2, "93 % of its correction at each step it is fed back."),
        ([[0.0]] * 2, "nothing of its correction at each step it is fed back."),
    ],
    ids=["none", "all", "half", "unequal", "scattered", "end", "recursive", "recursive-none"],
)
def test_words_on_the_guard(made, guards, expected):
    facts = tuple(told(guard=guard) for guard in guards)
    assert words(made(lstm=facts))[1] == f"The guard takes {expected}"


def test_networks_without_a_guard_have_no_words_and_no_panel_on_it(made):
    part = taken(made(lstm=(without("guard"),) * 2)).parts[0]
    assert not [line for line in part.sentences if "guard" in line]
    assert "Share of its correction taken, by h" not in titles(part.found, made)
    assert part.found.guard is None


def test_words_where_memory_or_training_are_missing(made):
    assert "rests" not in " ".join(words(made(lstm=(without("memory"),) * 2)))
    assert "Trained" not in " ".join(words(made(lstm=(without("epochs"),) * 2)))
    alone = words(made(ar=None, lstm=(told(),) * 2))
    assert "90 % of its forecast rests at h = 1 on the last 3 values, at h = 4 on the last 5 values." in alone


def test_words_say_which_fit_they_are_of(made):
    warm = told(refit="warm, 4 epochs", epochs=4, fitted_until=60, guard=[0.5] * 4)
    (part,) = taken(made(lstm=(without("memory"), warm, without("memory"), warm))).parts
    assert part.sentences[:3] == (
        "First trained for 3 epochs; the best on the stopping block was epoch 2.",
        "At the last fit the guard takes 50 % of its correction at every h.",
        "At the last fit 90 % of its forecast rests at h = 1 on the last 3 values (ar: 2), at h = 4 on the "
        "last 5 values (ar: 1).",
    )


UNKNOWN = {"unknown": "ZeroDivisionError: no derivative\nhere."}


def test_why_a_memory_is_unknown_is_said(made):
    lines = words(made(lstm=(told(memory=UNKNOWN),) * 2))
    assert lines[2] == ("How far back its forecasts look is not known: ZeroDivisionError: no derivative.")
    lines = words(made(lstm=(told(), told(memory={"unknown": "ValueError: " + 999 * "x"}))))
    assert lines[2].startswith("90 % of its forecast rests at h = 1 on the last 3 values (ar: 2)")
    assert lines[3] == (
        f"How far back its forecasts look is not known for 1 of 2 seeds: ValueError: {147 * 'x'}…."
    )
    lines = words(made(ar={"memory": UNKNOWN}, lstm=(told(),) * 2))
    assert lines[2:4] == [
        "90 % of its forecast rests at h = 1 on the last 3 values, at h = 4 on the last 5 values.",
        "How far back those of ar look is not known: ZeroDivisionError: no derivative.",
    ]


def test_at_one_step_ahead_every_sentence_names_it_once():
    fact = told(guard=[0.5], memory={"h": [1], "values": [3], "curves": [[0.5, 0.3, 0.2]]})
    found = NetworkFits("lstm", 1, 1, ((fact,),), ar="ar", loss=np.ones(1), ar_loss=np.full(1, 2.0))
    assert network_words(found) == [
        "Trained for 3 epochs; the best on the stopping block was epoch 2.",
        "The guard takes 50 % of its correction at h = 1.",
        "90 % of its forecast rests at h = 1 on the last 3 values.",
        "At h = 1 its loss is 50 % smaller than that of ar.",
        "One seed was fitted: how much of this is luck of the seed is not known.",
    ]


def test_one_seed_says_so(made):
    lines = words(made(seeds=1, lstm=(told(),)))
    assert lines[-2:] == [
        "At h = 1 its loss is 75 % smaller than that of ar.",
        "One seed was fitted: how much of this is luck of the seed is not known.",
    ]


def test_where_seeds_disagree_it_depends_on_the_seed(made):
    lines = words(made(gap=1.0, lstm=(told(),) * 2))
    assert lines[-2:] == [
        "At h = 1 its loss is within 1 % of that of ar; single seeds lie up to 13 % of that loss apart.",
        "Whether its loss is smaller than that of ar depends on the seed at every h.",
    ]


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        (
            (0.5, 1.0, 2.0, 0.5),
            "Every single seed has a smaller loss than ar at h = 1 and 4 and a larger one at h = 3; at h = 2 "
            "it depends on the seed.",
        ),
        (
            (2.0, 2.0, 1.0, 1.0),
            "Every single seed has a larger loss than ar at h = 1 to 2; at h = 3 to 4 it depends "
            "on the seed.",
        ),
        ((2.0, 2.0, 2.0, 2.0), "Every single seed has a larger loss than ar at every h."),
    ],
)
def test_words_on_single_seeds_follow_h(made, gap, expected):
    assert words(made(gap=np.array(gap), lstm=(told(),) * 2))[-1] == expected


def test_many_scattered_steps_are_counted():
    fact = told(guard=[1.0, 0.0] * 5, base="ar")
    assert network_words(NetworkFits("lstm-on-ar", 10, 1, ((fact,),)))[1] == (
        "The guard takes all of its correction at 5 steps, and nothing at 5 steps: forecasts are those of "
        "the base (ar) there."
    )


def test_failed_seeds_are_counted(made):
    comparison = made(seeds=3, lstm=(told(), told()))
    failures = (Failure("lstm", 2, 50, "ValueError", "no"), Failure("lstm", 2, 51, "ValueError", "no"))
    forecasts = replace(comparison.forecasts, failures=failures)
    (found,) = network_fits(replace(comparison, forecasts=forecasts))
    assert network_words(found)[:2] == [
        "1 of 3 seeds failed at some origin.",
        "Only 2 of 3 seeds tell of a fit: what follows is theirs.",
    ]


def test_fits_are_told_apart_by_seed(made):
    comparison = made(lstm=())
    facts = [told(fitted_until=until) for until in (50, 60, 50, 60)]
    for fact in (facts[0], facts[2]):
        del fact["memory"]
    split = {"whole": (facts, [2, 2]), "first lost": (facts[1:], [1, 2]), "last lost": (facts[:3], [2, 1])}
    for given, sizes in split.values():
        forecasts = replace(
            comparison.forecasts,
            facts={**comparison.forecasts.facts, "lstm": tuple(given)},
            refits={**comparison.forecasts.refits, "lstm": 2},
        )
        (found,) = network_fits(replace(comparison, forecasts=forecasts))
        assert [len(fits) for fits in found.fits] == sizes


def test_the_table_holds_what_fits_tell(made):
    warm = told(refit="warm, 4 epochs", learning_rate=0.0001, epochs=4, fitted_until=60)
    section = taken(made(lstm=(told(), warm, told(), warm), gru=(without("guard", "base"),) * 2))
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in section.table.rows}
    assert section.table.columns == ("", "lstm", "gru")
    expected = {
        "seeds": ["2", "2"],
        "base": ["naive", "\N{EN DASH}"],
        "values seen": ["12", "12"],
        "values per step": ["2", "2"],
        "parameters": ["5272", "5272"],
        "sees levels": ["yes", "yes"],
        "windows": ["500; 60; 70", "500; 60; 70"],
        "epoch kept": ["2", "2"],
        "learning rate": ["0.0001 to 0.0004", "0.0004"],
        "loss / base": ["0.500", "0.500"],
        "kernel": ["packed", "packed"],
        "not fused": ["no GPU", "no GPU"],
        "M90 at h = 1": ["3", "3"],
        "M90 at h = 4": ["5", "5"],
        "without base, h = 4": ["6", "6"],
        "M90 of the loss": ["4", "4"],
    }
    assert {name: rows[name] for name in expected} == expected
    assert rows["fits"] == ["4: 2 cold; 2 warm, 4 epochs", "2"]


def titles(found: NetworkFits, made: Callable[..., Comparison]) -> list[str]:
    part = next(p for p in taken(made(lstm=found.all)).parts)
    return [] if part.figure is None else [title for title, _ in part.figure.subject.panels]


@pytest.mark.parametrize("width", ["wide", "narrow"])
def test_the_figure_draws_the_numbers(made, width):
    (part,) = taken(made(lstm=(told(2), told(1)))).parts
    assert part.figure is not None
    figure = draw_network(part.figure.subject, width=width)
    assert figure.get_size_inches()[0] * 72 == pytest.approx({"wide": 1000, "narrow": 360}[width])
    assert [text.get_text() for text in figure.texts] == [
        "Loss by epoch",
        "Share of its correction taken, by h",
        "Weight of past values at h = 1, by lag",
        "Weight of past values at h = 4, by lag",
        "Last values that make 90 % of the forecast, by h",
        "Loss against that of ar, by h",
        "lstm",
        "ar",
    ]
    losses, guard, near, _, lengths, luck = figure.axes
    dots = [line for line in losses.lines if line.get_marker() == "o"]
    assert [line.get_xydata().tolist() for line in dots] == [[[2.0, 0.6]], [[1.0, 0.9]]]
    assert curve(guard) == [1.0, 0.8, 0.0, 0.0]
    assert near.get_yscale() == "log"
    assert curve(near) == [0.5, 0.3, 0.2]
    assert curve(lengths) == [3, 3, 4, 5]
    np.testing.assert_allclose(curve(luck), -0.75)


def test_weights_that_one_seed_lacks_are_averaged_as_zeros(made):
    alone = {"h": [1, 2, 4], "values": [1, 1, 1, 1], "curves": [[1.0]] * 3}
    (part,) = taken(made(lstm=(told(), told(memory=alone)))).parts
    assert part.figure is not None
    near = draw_network(part.figure.subject).axes[2]
    assert curve(near) == pytest.approx([0.75, 0.15, 0.1])
    assert near.get_ylim()[0] == pytest.approx(0.1 / 1.4)


def curve(axes: Any) -> list[float]:
    """Values of the network's mean curve."""
    (line,) = [one for one in axes.lines if one.get_linewidth() == 2.4 and one.get_linestyle() == "--"]
    return list(line.get_ydata())


def test_what_is_not_told_has_no_panel(made):
    assert titles(NetworkFits("lstm", H, 2, ((without("memory"),),) * 2), made) == [
        "Loss by epoch",
        "Share of its correction taken, by h",
        "Loss against that of ar, by h",
    ]
    lost = told(training_loss=[float("nan")], validation_loss=[None], guard="?", memory=3)
    assert titles(NetworkFits("lstm", H, 2, ((lost,),) * 2), made) == ["Loss against that of ar, by h"]
    assert taken(made(gap=np.nan, lstm=({"p": 1},) * 2)).parts[0].figure is None


def test_captions_say_what_is_drawn(made):
    warm = told(refit="warm, 4 epochs", fitted_until=60)
    (part,) = taken(made(lstm=(told(), warm, told(), warm))).parts
    assert part.figure is not None
    assert part.figure.captions[1] == "Loss by epoch is of the first fits, guard and memory are of the last."
    assert (
        "What the guard does not take is left out; at 0 % the base forecasts alone." in part.figure.captions
    )
    bare = told(validation_loss=[0.9, 0.6, 0.8], best_epoch=None)
    (part,) = taken(made(lstm=(bare,) * 2)).parts
    assert part.figure is not None
    assert "Loss: grey in training, in colour on the block that stops it." in part.figure.captions
    (alone,) = taken(made(seeds=1, ar=None, lstm=(without("guard", "memory"),))).parts
    assert alone.figure is not None
    assert [caption.partition(":")[0] for caption in alone.figure.captions] == ["Loss", "Loss against ar"]


def test_a_model_that_uses_no_past_value_says_so(made):
    memory = {"h": [1, 2, 4], "values": [0, 0, 0, 0], "curves": [None] * 3, "loss_values": 0}
    comparison = made(lstm=(told(memory=memory),) * 2)
    assert words(comparison)[2].startswith("90 % of its forecast rests at h = 1 on no past value (ar: 2)")
    assert "no past value" in page(comparison).replace("\xa0", " ")


def test_page_markdown_and_document_hold_it(made):
    comparison = made(lstm=(told(), told()))
    html = page(comparison).replace("\xa0", " ")
    for part in (
        "lstm taken apart",
        "the best on the stopping block was epoch 2",
        "The networks side by side",
    ):
        assert part in html
    assert "Inside lstm" not in html
    text = render(comparison, ["md"])["report.md"]
    for part in (
        "lstm taken apart: Trained for 3 epochs",
        "figures/network-1.png",
        "### The networks side by",
    ):
        assert part in text
    (entry,) = document(comparison)["networks"]
    assert entry["best_epoch"] == [2, 2]
    assert entry["guard"] == [1.0, 0.8, 0.0, 0.0]
    assert entry["memory_values"] == [3.0, 3.0, 4.0, 5.0]
    assert entry["against"]["memory_values"] == [2.0, 2.0, 1.0, 1.0]
    np.testing.assert_allclose(entry["against"]["loss"], -0.75)


def test_without_facts_there_is_no_section(made):
    comparison = made(lstm=())
    assert network_section(comparison) is None
    assert network_document(comparison) == []
    assert "side by side" not in page(comparison)
