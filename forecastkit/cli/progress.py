"""Progress on stderr: a bar per model on a terminal, a line every ten seconds elsewhere.

Both say which seed, origin and epoch the fit at work has come to.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress as RichBars
    from rich.progress import TaskID

    from forecastkit.backtesting.stage import Progress, Stage

SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def progress_on_stderr(quiet: bool) -> Iterator[Progress | None]:
    """Show how far the models of a backtest are.

    Yields:
        what the runner calls after every block, None where nothing shall be shown.
    """
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bars() as progress:
            yield progress
    else:
        yield _Lines()


@contextmanager
def _bars() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    # A descriptor of its own: that of stderr is closed while TensorFlow prints its greetings.
    with open(os.dup(2), "w", encoding="utf-8") as file:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[stage]}"),
        )
        with Bars(*columns, console=Console(file=file, force_terminal=True)) as bars:
            yield _Bars(bars)


class _Bars:
    """A bar per model."""

    def __init__(self, bars: RichBars) -> None:
        self.bars = bars
        self.tasks: dict[str, TaskID] = {}

    def __call__(self, model: str, done: int, total: int) -> None:
        if model not in self.tasks:
            self.tasks[model] = self.bars.add_task(model, total=total, completed=done, stage="")
        self.bars.update(self.tasks[model], completed=done)
        if done == total:
            self.bars.update(self.tasks[model], stage="")

    def within(self, model: str, stage: Stage) -> None:
        if model in self.tasks:
            self.bars.update(self.tasks[model], stage=str(stage))


class _Lines:
    """A line now and then."""

    def __init__(self) -> None:
        self.last = time.monotonic()
        self.fits: dict[str, str] = {}

    def __call__(self, model: str, done: int, total: int) -> None:
        self.fits[model] = f"{model}: {done} of {total} fits done"
        self._write(self.fits[model])

    def within(self, model: str, stage: Stage) -> None:
        self._write(f"{self.fits.get(model, model)}; {stage}")

    def _write(self, line: str) -> None:
        if time.monotonic() - self.last >= SECONDS_BETWEEN_LINES:
            self.last = time.monotonic()
            click.echo(line, err=True)
