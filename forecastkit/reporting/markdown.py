"""A report as Markdown, with its figures as PNG files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from forecastkit.reporting.figure_set import Figured, png
from forecastkit.reporting.tables import Table

SPECIAL = "\\`*_[]<>|#"


def markdown_files(
    name: str,
    *,
    title: str,
    subtitle: str,
    sentence: str,
    details: Sequence[str],
    figures: Iterable[Figured],
    tables: Sequence[Table],
    findings: Sequence[tuple[str, str]] = (),
    settings: Sequence[tuple[str, str]] = (),
) -> dict[str, str | bytes]:
    """Write a page as Markdown (CommonMark with tables), and draw its figures.

    Args:
        name: of the Markdown file.
        title, subtitle, sentence, details: what the page begins with.
        figures: drawn wide, at twice the pixels, into `figures/`.
        tables: in reading order.
        findings: of the honesty audit, by code.
        settings: names and values, listed at the end.

    Returns:
        name -> content.
    """
    files: dict[str, str | bytes] = {}
    parts = [f"# {escaped(title)}", escaped(subtitle), f"**{escaped(sentence)}**"]
    parts.append("\n".join(f"- {escaped(line)}" for line in details))
    for figured in figures:
        file = f"figures/{figured.key}.png"
        files[file] = png(figured)
        caption = " ".join(map(escaped, figured.captions))
        parts += [f"## {escaped(figured.heading)}", f"![{escaped(figured.heading)}]({file})", caption]
    parts += ["## Tables", *(part for table in tables for part in _table(table))]
    for heading, pairs in (("Honesty audit", findings), ("Settings", settings)):
        if pairs:
            parts.append(f"## {heading}")
            parts.append("\n".join(f"- {escaped(key)}: {escaped(value)}" for key, value in pairs))
    files[name] = "\n\n".join(part for part in parts if part) + "\n"
    return files


def escaped(text: str) -> str:
    r"""Write a text so that Markdown takes none of it for markup.

    Example:
        >>> escaped("a_b | <c>\n")
        'a\\_b \\| \\<c\\>'
    """
    line = " ".join(text.split())
    return "".join(f"\\{c}" if c in SPECIAL else c for c in line)


def _table(table: Table) -> Iterable[str]:
    """A heading, the rows between pipes, and the notes; a group stands before the names of its columns."""
    groups = [name for name, span in table.groups for _ in range(span)] or [""] * len(table.columns)
    names = [f"{group} {name}".strip() for group, name in zip(groups, table.columns, strict=True)]
    rows = [" | ".join(map(escaped, names))]
    rows.append(" | ".join(":---" if name in table.words else "---:" for name in table.columns))
    for row in table.rows:
        cells = (f"**{escaped(cell.text)}**" if cell.strong else escaped(cell.text) for cell in row)
        rows.append(" | ".join(cells))
    yield f"### {escaped(table.caption)}"
    yield "\n".join(f"| {row} |" for row in rows)
    yield from map(escaped, table.notes)
