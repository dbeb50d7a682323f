"""Pages around scheduled reports: one for a run of a job, one that lists all runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any

from markupsafe import Markup

from forecastkit.comparison.comparison import Comparison
from forecastkit.reporting.changes import Changes
from forecastkit.reporting.document import SCHEMA_VERSION, to_plain
from forecastkit.reporting.words import reach, verdict_sentence

NEWEST = 30
"""Runs that stand open; older ones are folded by month."""
LONGEST_LINE = 250
"""Runs that a trend line shows."""
LINE_WIDTH, LINE_HEIGHT = 220, 32
RESULTS = {0: "good", 3: "data missing", 4: "a model failed", 5: "gate tripped"}


@dataclass(frozen=True, slots=True)
class Edition:
    """What the reports of one run of a job say.

    Args:
        job: its name.
        when: the time of the run in words.
        results: by series, with its changes.
        failures: by series, why there is no result.
        folders: by series, where its report lies.
    """

    job: str
    when: str
    results: Mapping[str, tuple[Comparison, Changes]]
    failures: Mapping[str, str]
    folders: Mapping[str, str]

    @property
    def tripped(self) -> tuple[str, ...]:
        """Gates that do not hold, with their series."""
        return tuple(f"{name}: {text}" for name, (_, c) in self.results.items() for text in c.tripped)

    @property
    def failed(self) -> tuple[str, ...]:
        """Series and models that are missing, and why."""
        lost = [f"{name} is missing: {why}" for name, why in self.failures.items()]
        for name, (result, _) in self.results.items():
            for model in result.scores.dropped:
                told = next(f.message for f in result.forecasts.failures if f.model == model)
                lost.append(f"{name}: {model} failed at more than 10 % of the origins: {told}")
        return tuple(lost)

    @property
    def moved(self) -> tuple[str, ...]:
        """What moved, with its series."""
        return tuple(f"{name}: {text}" for name, (_, c) in self.results.items() for text in c.sentences)

    @property
    def sentence(self) -> str:
        """The run in one sentence."""
        parts = []
        if self.tripped:
            parts.append(f"{_counted(len(self.tripped), 'gate')} tripped")
        if self.failed:
            parts.append(f"{_counted(len(self.failed), 'failure')}")
        earlier = any(changes.drift.against for _, changes in self.results.values())
        if self.moved:
            parts.append(f"{_counted(len(self.moved), 'change')} since the last run")
        elif earlier:
            parts.append("nothing moved since the last run")
        elif not parts:
            parts.append("the first run")
        told = ", ".join(parts)
        return f"{told[0].upper()}{told[1:]}."


def edition_page(edition: Edition) -> str:
    """Write the page that leads to the report of each series of a run."""
    from forecastkit.reporting.environment import page_environment  # with matplotlib behind it

    models = tuple(dict.fromkeys(m for result, _ in edition.results.values() for m in result.skill))
    rows = [
        {
            "name": name,
            "folder": edition.folders[name],
            "cells": [reach(result, m) if m in result.skill else "" for m in models],
            "finding": verdict_sentence(result),
        }
        for name, (result, _) in edition.results.items()
    ]
    rows += [
        {"name": name, "folder": "", "cells": [""] * len(models), "finding": f"Missing: {why}"}
        for name, why in edition.failures.items()
    ]
    return (
        page_environment()
        .get_template("edition.html.j2")
        .render(
            title=edition.job,
            subtitle=edition.when,
            sentence=edition.sentence,
            details=tuple(dict.fromkeys(changes.basis for _, changes in edition.results.values())),
            tripped=edition.tripped,
            failed=edition.failed,
            moved=edition.moved,
            columns=tuple(f"skill of {model}" for model in models),
            rows=rows,
        )
    )


def edition_document(edition: Edition) -> dict[str, Any]:
    """What a run found, JSON-ready; the whole document of each series lies in its folder."""
    plain: dict[str, Any] = to_plain(
        {
            "schema_version": SCHEMA_VERSION,
            "job": edition.job,
            "when": edition.when,
            "sentence": edition.sentence,
            "gates_tripped": edition.tripped,
            "failed": edition.failed,
            "moved": edition.moved,
            "series": {
                name: {
                    "folder": edition.folders[name],
                    "sentence": verdict_sentence(result),
                    "skill_horizon": {model: asdict(h) for model, h in result.skill_horizon.items()},
                    "changes": changes.document(),
                }
                for name, (result, changes) in edition.results.items()
            },
            "failures": edition.failures,
        }
    )
    return plain


@dataclass(frozen=True, slots=True)
class Listed:
    """A run as the index lists it.

    Args:
        when: its time in words, "2027-03-14 06:30", which begins with year and month.
        folder: of its report, beside the index; "" where there is none, or none any more.
        code: exit code, None where it was cut off.
        sentence: what it found, or why it found nothing.
        horizons: by series and model, the skill horizon; None where it failed.
    """

    when: str
    folder: str
    code: int | None
    sentence: str
    horizons: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)

    @property
    def result(self) -> str:
        """The exit code in words."""
        return "cut off" if self.code is None else RESULTS.get(self.code, "failed")

    @property
    def good(self) -> bool:
        """Whether all went well."""
        return self.code == 0


def index_page(job: str, subtitle: str, runs: Sequence[Listed]) -> str:
    """Write the page that lists every run of a job, newest first, with a trend line by series and model.

    Args:
        job: its name.
        subtitle: when it runs.
        runs: newest first.
    """
    from forecastkit.reporting.environment import page_environment

    good = sum(run.good for run in runs)
    months = [(month, list(of)) for month, of in groupby(runs[NEWEST:], key=lambda run: run.when[:7])]
    return (
        page_environment()
        .get_template("index.html.j2")
        .render(
            title=job,
            subtitle=subtitle,
            sentence=runs[0].sentence if runs else "No run yet.",
            details=[f"{_counted(len(runs), 'run')}, {good} of them good."],
            latest=next((run.folder for run in runs if run.folder), ""),
            trends=_trends(runs),
            newest=runs[:NEWEST],
            months=[(month, of, sum(not run.good for run in of)) for month, of in months],
        )
    )


@dataclass(frozen=True, slots=True)
class Trend:
    """The skill horizon of a model on a series, run by run."""

    series: str
    model: str
    now: int | None
    low: int
    high: int
    runs: int
    line: Markup


def _trends(runs: Sequence[Listed]) -> list[Trend]:
    """A line for each series and model that the newest report has."""
    newest = next((run for run in runs if run.horizons), None)
    found = []
    for series, models in ({} if newest is None else newest.horizons).items():
        for model in models:
            path = [run.horizons.get(series, {}).get(model) for run in runs if run.horizons][:LONGEST_LINE]
            known = [h for h in path if h is not None]
            low, high = min(known, default=0), max(known, default=0)
            found.append(Trend(series, model, path[0], low, high, len(path), trend_line(path[::-1])))
    return found


def trend_line(values: Sequence[int | None]) -> Markup:
    """Draw numbers as a line of steps from zero upwards, a gap where one is missing.

    Written as a path, not drawn by matplotlib: a page of ten series would wait for it two seconds every night
    and carry twenty times the bytes, for a line without axes or text.

    Args:
        values: oldest first.
    """
    top = max([value for value in values if value is not None], default=0) or 1
    across = LINE_WIDTH / max(len(values) - 1, 1)
    path, pen = [], "M"
    for i, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        y = 2 + (LINE_HEIGHT - 4) * (1 - value / top)
        path.append(f"{pen}{i * across:.1f} {y:.1f}" + ("h0" if len(values) == 1 else ""))
        pen = "L"
    return Markup(
        '<svg class="trend" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        '<path d="{}"/></svg>'
    ).format(LINE_WIDTH, LINE_HEIGHT, "".join(path))


def _counted(count: int, thing: str) -> str:
    return f"one {thing}" if count == 1 else f"{count} {thing}s"
