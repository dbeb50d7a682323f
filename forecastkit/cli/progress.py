"""Progress on stderr: a bar per model on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import TaskID

    from forecastkit.backtesting.computing import Progress

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
        yield _lines()


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
        )
        with Bars(*columns, console=Console(file=file, force_terminal=True)) as bars:
            tasks: dict[str, TaskID] = {}

            def progress(model: str, done: int, total: int) -> None:
                if model not in tasks:
                    tasks[model] = bars.add_task(model, total=total, completed=done)
                bars.update(tasks[model], completed=done)

            yield progress


def _lines() -> Progress:
    last = time.monotonic()

    def progress(model: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            click.echo(f"{model}: {done} of {total} fits done", err=True)

    return progress
