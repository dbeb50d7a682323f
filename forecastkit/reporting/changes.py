"""What changed since the last run, in words and as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from forecastkit.comparison.crossover import Outcome
from forecastkit.comparison.drift import Change, Drift
from forecastkit.reporting.audit_words import LEVELS
from forecastkit.reporting.tables import DASH, Cell, Table
from forecastkit.reporting.words import seconds

CROSSOVERS: Mapping[Outcome | str, str] = {
    "": "not judged",
    "rnn_throughout": "the network leads at every h",
    "ar_throughout": "the AR leads at every h",
    "no_single_crossing": "the lead passes more than once",
    "equal": "equal at every h",
}


@dataclass(frozen=True, slots=True)
class Changes:
    """A run against those before it, and the limits that it broke.

    Args:
        drift: what moved.
        tripped: one sentence for each gate of this series.
    """

    drift: Drift
    tripped: tuple[str, ...] = field(default=())

    @property
    def sentences(self) -> tuple[str, ...]:
        """What moved, one sentence each; what did not is left out."""
        return tuple(_sentences(self.drift))

    @property
    def basis(self) -> str:
        """Say with which runs this one is compared."""
        if not self.drift.against:
            return "This is the first run with these settings: later ones are compared with it."
        if self.drift.remembered == 1:
            return f"Compared with the run of {self.drift.against}, the only one before."
        return (
            f"Compared with the run of {self.drift.against}; usual is the median of the last "
            f"{self.drift.remembered} runs."
        )

    @property
    def headline(self) -> str:
        """Say with which runs this one is compared, and that nothing moved where nothing did."""
        still = " Nothing moved." if self.drift.against and not self.sentences else ""
        return f"{self.basis}{still}"

    @property
    def table(self) -> Table | None:
        """Every quantity now, before and usually; None on the first run."""
        rows = tuple(_row(change) for change in self.drift.changes)
        if not rows:
            return None
        columns = ("what", "now", "run before", "usual")
        return Table("Now and before", columns, rows, words=("what",))

    def document(self) -> dict[str, Any]:
        """Everything, JSON-ready."""
        return {
            "headline": self.headline,
            "sentences": self.sentences,
            "gates_tripped": self.tripped,
            **self.drift.document(),
        }


def _sentences(drift: Drift) -> Iterable[str]:
    for change in drift.moved:
        yield {"skill horizon": _skill_sentence, "crossover": _crossover_sentence, "cost": _cost_sentence}[
            change.quantity
        ](change)
    for code, level, text in drift.new_findings:
        yield f"New: {code} ({LEVELS[level]}). {text}"
    for code, level, _ in drift.gone_findings:
        yield f"Gone: {code} ({LEVELS[level]})."
    if drift.revised is not None and drift.revised.count:
        yield _revision_sentence(drift)


def _skill_sentence(change: Change) -> str:
    usual = "" if change.usual is None else f"; usual is {change.usual:g}"
    if change.now is None:
        why = "it failed" if change.state == "failed" else "it was not compared"
        return (
            f"The skill horizon of {change.model} is not known now, {why}; it was {change.before:g}{usual}."
        )
    if change.before is None:
        return f"The skill horizon of {change.model} is {change.now:g} and was not known before{usual}."
    word = "fell" if change.now < change.before else "rose"
    return f"The skill horizon of {change.model} {word} from {change.before:g} to {change.now:g}{usual}."


def _crossover_sentence(change: Change) -> str:
    now, before = (
        _crossing(state, first)
        for state, first in ((change.state, change.now), (change.state_before, change.before))
    )
    return f"Crossover: {now}; before: {before}."


def _crossing(state: str, first: float | None) -> str:
    return f"the lead passes at h = {first:g}" if first is not None else CROSSOVERS.get(state, state)


def _cost_sentence(change: Change) -> str:
    return (
        f"Fitting and forecasting took {seconds(change.now or 0.0)}; usual is {seconds(change.usual or 0.0)}."
    )


def _revision_sentence(drift: Drift) -> str:
    found = drift.revised
    if found is None:
        return ""
    parts = [
        f"{count} past {'value' if count == 1 else 'values'} {word}"
        for count, word in ((found.changed, "changed"), (found.removed, "gone"), (found.inserted, "new"))
        if count
    ]
    more = f" and {found.count - len(found.dates)} more" if found.count > len(found.dates) else ""
    size = f"; the largest change is {found.largest:.3g} ({found.largest_at})" if found.largest_at else ""
    why = f" Explained by: {drift.explained}." if drift.explained else ""
    return f"The source was revised: {', '.join(parts)}: {', '.join(found.dates)}{more}{size}.{why}"


def _row(change: Change) -> tuple[Cell, ...]:
    name = f"{change.quantity} of {change.model}" if change.model else change.quantity
    if change.quantity == "cost":
        texts = [
            DASH if value is None else seconds(value) for value in (change.now, change.before, change.usual)
        ]
    else:
        states = (change.state, change.state_before, "")
        texts = [
            _value(change, value, state)
            for value, state in zip((change.now, change.before, change.usual), states, strict=True)
        ]
    cells = [Cell(text, strong=change.moved and i == 0) for i, text in enumerate(texts)]
    return (Cell(name), *cells)


def _value(change: Change, value: float | None, state: str) -> str:
    if value is None:
        return CROSSOVERS.get(state, DASH) if change.quantity == "crossover" and state else state or DASH
    least = change.quantity == "skill horizon" and state in ("data", "H")
    return f"at least {value:g}" if least else f"{value:g}"
