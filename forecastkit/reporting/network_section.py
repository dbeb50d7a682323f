"""The networks of a comparison, taken apart: section of the report, figures and table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from forecastkit.comparison.comparison import Comparison
from forecastkit.reporting.canvas import PALETTE, plain_number
from forecastkit.reporting.figure_set import Figured, Picture, picture
from forecastkit.reporting.figures import Stroke, strokes_of
from forecastkit.reporting.network_facts import Memory, NetworkFits, network_fits, told
from forecastkit.reporting.network_figure import NetworkDrawing, draw_network
from forecastkit.reporting.network_words import network_words
from forecastkit.reporting.tables import DASH, Cell, Table

NOTES = (
    "Ranges are over seeds and fits; epochs are those of the first fit of each seed.",
    "Base: the path that is corrected. Loss / base: on the block that stops the training. Windows: those "
    "that train, stop and guard.",
    "M90: the newest values that make 90 % of the size of the forecast's derivatives, at the last fit.",
)


@dataclass(frozen=True, slots=True)
class NetworkPart:
    """One network, in words and a figure.

    Args:
        found: its fits.
        sentences: what they show.
        figure: None where they tell nothing that can be drawn.
    """

    found: NetworkFits
    sentences: tuple[str, ...]
    figure: Figured | None

    @property
    def model(self) -> str:
        """Its name."""
        return self.found.model

    @property
    def picture(self) -> Picture | None:
        """The figure as a page embeds it."""
        return None if self.figure is None else picture(self.figure)


@dataclass(frozen=True, slots=True)
class NetworkSection:
    """Every network that tells of its fits, and all of them side by side."""

    parts: tuple[NetworkPart, ...]
    table: Table

    @property
    def figures(self) -> tuple[Figured, ...]:
        """The figures of all parts."""
        return tuple(part.figure for part in self.parts if part.figure)

    @property
    def lines(self) -> tuple[str, ...]:
        """The sentences of all parts, each naming its model."""
        return tuple(f"{part.model} taken apart: {line}" for part in self.parts for line in part.sentences)


@lru_cache(maxsize=2)
def network_section(comparison: Comparison) -> NetworkSection | None:
    """Take the networks of a comparison apart; None where none tells of its fits.

    Args:
        comparison: the result.
    """
    networks = network_fits(comparison)
    if not networks:
        return None
    parts = tuple(_part(comparison, found, i) for i, found in enumerate(networks, start=1))
    return NetworkSection(parts, network_table(networks))


def network_document(comparison: Comparison) -> list[dict[str, Any]]:
    """The section as JSON-ready data, one entry per network."""
    section = network_section(comparison)
    return [] if section is None else [_entry(part) for part in section.parts]


def network_table(networks: Sequence[NetworkFits]) -> Table:
    """What the networks are and how their training went, one column each."""
    horizon = networks[0].horizon
    rows: list[tuple[str, Callable[[NetworkFits], str]]] = [
        ("seeds", lambda found: str(found.seeds)),
        ("fits", _fits),
        ("base", lambda found: told(found.all, "base")),
        ("values seen", lambda found: told(found.all, "lookback")),
        ("values per step", _fold),
        ("units", lambda found: told(found.all, "units")),
        ("parameters", lambda found: told(found.all, "parameters")),
        ("sees levels", lambda found: told(found.all, "level_visible")),
        ("sees logarithms", lambda found: told(found.all, "log")),
        ("windows", _windows),
        ("epochs run", lambda found: told(found.first, "epochs")),
        ("epoch kept", lambda found: told(found.first, "best_epoch")),
        ("learning rate", _rates),
        ("loss / base", lambda found: told(found.all, "validation_ratio")),
        ("device", lambda found: told(found.all, "device")),
        ("kernel", lambda found: _kernel(found)[0]),
        ("not fused", lambda found: _kernel(found)[1]),
    ]
    written = [(name, [write(found) for found in networks]) for name, write in rows]
    memories = [found.memory or Memory(np.empty((0, horizon)), {}) for found in networks]
    for h in dict.fromkeys((1, horizon)):
        written.append((f"M90 at h = {h}", [_range(m.values[:, h - 1]) for m in memories]))
        written.append((f"without base, h = {h}", [_range(own[h - 1] for own in m.own) for m in memories]))
    written.append(("M90 of the loss", [_range(m.loss) for m in memories]))
    return Table(
        caption="The networks side by side",
        columns=("", *(found.model for found in networks)),
        rows=tuple(
            (Cell(name), *(Cell(text or DASH) for text in texts)) for name, texts in written if any(texts)
        ),
        words=("", *(found.model for found in networks)),
        notes=NOTES,
    )


def _part(comparison: Comparison, found: NetworkFits, number: int) -> NetworkPart:
    strokes = strokes_of(comparison)
    stroke = strokes.get(found.model, Stroke(PALETTE["network"], 2.4))
    drawing = NetworkDrawing(found, stroke, strokes.get(found.ar or "", Stroke(PALETTE["ar"], 2.4)))
    figure = Figured(
        f"network-{number}", f"{found.model} taken apart", draw_network, drawing, tuple(_captions(drawing))
    )
    return NetworkPart(found, tuple(network_words(found)), figure if drawing.panels else None)


def _captions(drawing: NetworkDrawing) -> Iterable[str]:
    found = drawing.found
    if len(found.fits) > 1 and (found.guard is not None or found.memory is not None):
        yield "Thin lines: the single seeds."
    if found.refitted:
        yield "Loss by epoch is of the first fits, guard and memory are of the last."
    if found.trainings:
        kept = any(training.kept is not None for training in found.trainings)
        start = any(len(training.validation) and training.start == 0 for training in found.trainings)
        yield (
            "Loss: grey in training, in colour on the block that stops it"
            f"{'; dots mark the epochs whose weights were kept' if kept else ''}."
            f"{' Epoch 0 is before training.' if start else ''}"
        )
    if found.guard is not None and found.guard.shape[1] == found.horizon:
        yield "What the guard does not take is left out; at 0 % the base forecasts alone."
    if found.memory is not None:
        yield (
            "Weight: size of the forecast's derivative by a past value, as a share of all of them, on a "
            "logarithmic axis; lag 1 is the last value."
        )
    if found.against_ar is not None:
        band = "" if found.seeds_against_ar is None else ", and shaded from the best to the worst single seed"
        yield f"Loss against {found.ar}: of the average forecast{band}."


def _entry(part: NetworkPart) -> dict[str, Any]:
    found = part.found
    guard, memory, beside = found.guard, found.memory, found.ar_memory
    return {
        "model": part.model,
        "sentences": list(part.sentences),
        "seeds": found.seeds,
        "fits": len(found.all),
        "epochs": [fact.get("epochs") for fact in found.first],
        "best_epoch": [fact.get("best_epoch") for fact in found.first],
        "guard": None if guard is None else guard.mean(axis=0),
        "memory_values": None if memory is None else memory.values.mean(axis=0),
        "against": {
            "ar": found.ar,
            "memory_values": None if beside is None else beside.values.mean(axis=0),
            "loss": found.against_ar,
            "seeds": found.seeds_against_ar,
        },
    }


def _fits(found: NetworkFits) -> str:
    """Count fits, cold and warm ones apart."""
    kinds = Counter(str(fact["refit"]) for fact in found.all if fact.get("refit"))
    if not found.refitted or len(kinds) < 2:
        return str(len(found.all))
    return f"{len(found.all)}: " + "; ".join(f"{count} {kind}" for kind, count in kinds.items())


def _fold(found: NetworkFits) -> str:
    pairs = [(fact.get("lookback"), fact.get("steps")) for fact in found.all]
    folds = [{"fold": seen // steps} for seen, steps in pairs if isinstance(seen, int) and steps]
    return told(folds, "fold")


def _windows(found: NetworkFits) -> str:
    texts = [told(found.all, key) for key in ("windows", "validation_windows", "guard_windows")]
    return "; ".join(text for text in texts if text)


def _rates(found: NetworkFits) -> str:
    rates = sorted({fact["learning_rate"] for fact in found.all if fact.get("learning_rate")})
    ends = [plain_number(rate, ".3g") for rate in (rates[:1] + rates[1:][-1:])]
    return " to ".join(ends)


def _kernel(found: NetworkFits) -> tuple[str, str]:
    """Which kernels ran, and why not the fused one."""
    pairs = [str(fact["kernel"]).partition(", not fused: ") for fact in found.all if fact.get("kernel")]
    kernels, reasons = ({pair[i]: None for pair in pairs if pair[i]} for i in (0, 2))
    return " or ".join(kernels), " or ".join(reasons)


def _range(counts: Iterable[float]) -> str:
    """Write counts as a range."""
    return told([{"count": int(count)} for count in counts], "count")
