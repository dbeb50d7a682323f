"""Text tables: the first lines show encoding, separator and header, then the file is read once."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from forecastkit.errors import DataError
from forecastkit.sources.reading import Reading
from forecastkit.sources.text_numbers import is_number, looks_plain

SEPARATORS = (",", ";", "\t", "|")
SAMPLE = 1 << 16
"""Bytes that are looked at before the file is read."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text table is written.

    Args:
        encoding: of the bytes.
        separator: between fields.
        comments: lines before the header that begin with #.
        sample: the first rows as texts, one column per name of the header.
    """

    encoding: str
    separator: str
    comments: int
    sample: pd.DataFrame


def look(path: Path, separator: str | None) -> Dialect:
    """Find out how a text table is written.

    Args:
        path: the file, also gzip-compressed.
        separator: where it is known.

    Raises:
        DataError: it is no text, empty, without a header, or divided in more than one way.
    """
    lines, encoding = _first_lines(path)
    comments = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    lines = [line for line in lines[comments:] if line.strip()]
    if not lines:
        raise DataError(f"{path.name} is empty. A header line and one row per observation are needed.")
    separator = separator or _separator(lines, path)
    header = [
        name.strip() for name in next(csv.reader(lines[:1], delimiter=separator, skipinitialspace=True))
    ]
    _check_header(header, path)
    if len(lines) == 1:
        raise DataError(f"{path.name} has a header but no rows. One row per observation is needed.")
    sample = pd.read_csv(
        io.StringIO("\n".join(lines)),
        sep=separator,
        dtype=str,
        skipinitialspace=True,
        on_bad_lines="skip",
        engine="python",
    )
    return Dialect(encoding, separator, comments, _plain(sample, path))


def read_columns(path: Path, dialect: Dialect, value: str, reading: Reading) -> pd.DataFrame:
    """Read the file: texts, but for the column of values where its sample leaves no doubt.

    Args:
        path: the file.
        dialect: from `look`.
        value: the column that holds the values.
        reading: what is known of it.

    Raises:
        DataError: the file cannot be divided into its columns.
    """
    texts: dict[str, type] = dict.fromkeys(dialect.sample.columns, str)
    plain = looks_plain(dialect.sample[value], dialect.separator)
    if plain is None or reading.decimal not in (None, plain):
        return _read(path, dialect, texts, ".")
    try:
        return _read(path, dialect, {**texts, value: float}, plain)
    except ValueError:  # some later entry is not as plain: as text it can be looked at and named
        return _read(path, dialect, texts, ".")


def _read(path: Path, dialect: Dialect, types: dict[str, type], decimal: str) -> pd.DataFrame:
    try:
        table = pd.read_csv(
            path,
            sep=dialect.separator,
            encoding=dialect.encoding,
            skiprows=dialect.comments,
            dtype=types,
            decimal=decimal,
            skipinitialspace=True,
        )
    except (pd.errors.ParserError, UnicodeDecodeError, OSError) as error:
        raise _no_table(path, error) from error
    return _plain(table, path)


def _plain(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Refuse a table whose rows are longer than its header: pandas would shift the columns."""
    if not isinstance(table.index, pd.RangeIndex):
        raise DataError(
            f"{path.name} has rows with more fields than its header names, as decimal commas make them. "
            "Write numbers with a decimal point, and a name for every column."
        )
    return table.rename(columns=str.strip)


def _first_lines(path: Path) -> tuple[list[str], str]:
    opened = gzip.open(path) if path.suffix == ".gz" else path.open("rb")
    try:
        with opened as file:
            data = file.read(SAMPLE)
            whole = not file.read(1)
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        text = data.decode(encoding) if whole else data[: data.rfind(b"\n") + 1].decode(encoding, "ignore")
        if not whole and encoding == "utf-8-sig":
            data[: data.rfind(b"\n") + 1].decode(encoding)
    except (UnicodeDecodeError, OSError, EOFError) as error:
        raise _no_table(path, error) from error
    return text.splitlines(), encoding


def _separator(lines: Sequence[str], path: Path) -> str:
    """Find the sign that divides every line into the same number of fields.

    Raises:
        DataError: more than one does.
    """
    found = []
    for sign in SEPARATORS:
        counts = {len(row) for row in csv.reader(lines, delimiter=sign, skipinitialspace=True)}
        if len(counts) == 1 and counts != {1}:
            found.append(sign)
    if len(found) > 1:
        shown = " and ".join(repr(sign) for sign in found)
        raise DataError(
            f"{path.name} can be divided by {shown}. State --separator (separator= in Python): one of them."
        )
    if found:
        return found[0]
    return max(SEPARATORS, key=lines[0].count) if any(map(lines[0].count, SEPARATORS)) else ","


def _check_header(header: Sequence[str], path: Path) -> None:
    """Refuse a first line that is data, and names that stand twice."""
    if all(not name or is_number(name) or name[:1].isdigit() for name in header):
        raise DataError(
            f"{path.name} has no header: its first line is {', '.join(header)}. Add a line with the names of "
            "the columns, such as ds,y."
        )
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{path.name} has two columns called {twice[0]!r}. Give every column its own name.")


def _no_table(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path.name} could not be read as a UTF-8 CSV file ({error}). Save it as plain CSV in UTF-8."
    )
