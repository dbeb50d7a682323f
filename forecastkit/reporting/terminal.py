"""Tables for a terminal of 80 columns."""

from __future__ import annotations

import io
import textwrap

from forecastkit.reporting.tables import Table

WIDTH = 80


def text_table(table: Table, *, width: int = WIDTH) -> str:
    """Write a table as plain text that fits a terminal: long words wrap inside their column.

    Args:
        table: what a report shows.
        width: columns of the terminal.
    """
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for i, name in enumerate(table.columns):
        words = name in table.words
        last = i == len(table.columns) - 1
        grid.add_column(Text(name), justify="left" if words else "right", no_wrap=not (words and last))
    for row in table.rows:
        grid.add_row(*(Text(cell.text) for cell in row))
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    with console.capture() as captured:
        console.print(grid)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def listed(name: str, text: str, indent: int, *, width: int = WIDTH) -> str:
    """Write a name and a text beside it, whose further lines stand under its first.

    Example:
        >>> listed("ar", "an autoregression", 4, width=12).splitlines()
        ['ar  an', '    autoregression']
    """
    lines = textwrap.wrap(text, max(width - indent, 1), break_long_words=False) or [""]
    return "\n".join([name.ljust(indent) + lines[0], *(" " * indent + line for line in lines[1:])])
