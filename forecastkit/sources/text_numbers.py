"""Numbers as people write them: 1234.5, 1234,5, 1,234.5, 1.234,5. What has two meanings is refused."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from forecastkit.arrays import Vector
from forecastkit.errors import DataError

PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|nan)", re.IGNORECASE)
SPACES = re.compile(r"[\s\u00a0\u202f\u2019']")
NO_NUMBER = frozenset({".", "-", "--", "..", "...", "?"})
"""Signs that tables put where a value is missing."""


def read_numbers(texts: pd.Series, *, decimal: str | None, separator: str, where: str) -> Vector:
    """Read numbers; an empty entry is missing.

    Args:
        texts: as written.
        decimal: "." or ","; None finds out.
        separator: of the file: where it is no comma, 1.234 may be a thousand or one.
        where: file and column, for messages.

    Raises:
        DataError: an entry is no number, or the entries could be read in two ways.
    """
    entries = texts.to_numpy(dtype=object, na_value="nan")
    cleaned = ["nan" if entry in NO_NUMBER else SPACES.sub("", entry) for entry in entries]
    decimal = decimal or _decimal([text for text in cleaned if is_number(text)], separator, where)
    group = "," if decimal == "." else "."
    grouped = re.compile(rf"[+-]?\d{{1,3}}({re.escape(group)}\d{{3}})+({re.escape(decimal)}\d*)?")
    values, bad = np.full(len(cleaned), np.nan), []
    for row, text in enumerate(cleaned):
        if group in text and grouped.fullmatch(text):
            text = text.replace(group, "")
        number = text.replace(",", ".") if decimal == "," and "." not in text else text
        if PLAIN.fullmatch(number):
            values[row] = float(number)
        else:
            bad.append(row)
    if bad:
        raise DataError(
            f"{where}: {len(bad)} entries are not numbers, the first is {entries[bad[0]]!r} in data row "
            f"{bad[0] + 1}. Plain numbers with a decimal {'point' if decimal == '.' else 'comma'} are needed."
        )
    return values


def looks_plain(texts: pd.Series, separator: str) -> str | None:
    """Give the decimal sign where a few entries leave no doubt about it and group no thousands, else None."""
    entries = [text for text in texts.dropna() if text not in NO_NUMBER]
    if all(PLAIN.fullmatch(text) for text in entries) and not _doubtful(entries, ".", separator):
        return "."
    commas = [text for text in entries if "," in text]
    swapped = [text.replace(",", ".") for text in entries if "." not in text]
    if len(swapped) == len(entries) and all(map(PLAIN.fullmatch, swapped)) and not _threes(commas, ","):
        return ","
    return None


def is_number(text: str) -> bool:
    """Whether a text can be read as a number in any of the ways."""
    return bool(re.fullmatch(r"[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d+)?", SPACES.sub("", text)))


def _decimal(texts: list[str], separator: str, where: str) -> str:
    """Find the decimal sign that the numbers show.

    Raises:
        DataError: both readings are possible.
    """
    dots, commas = [t for t in texts if "." in t], [t for t in texts if "," in t]
    both = [t for t in dots if "," in t]
    if both:
        return "." if both[0].rindex(".") > both[0].rindex(",") else ","
    if commas and dots:
        raise _ambiguous(where, commas[0], dots[0])
    if commas:
        if any(t.count(",") > 1 for t in commas):
            return "."
        if _threes(commas, ","):
            raise _ambiguous(where, commas[0])
        return ","
    if any(t.count(".") > 1 for t in dots):
        return ","
    if _doubtful(texts, ".", separator):
        raise _ambiguous(where, dots[0])
    return "."


def _doubtful(texts: list[str], sign: str, separator: str) -> bool:
    """Whether a point may group thousands: only in files of countries that write a decimal comma."""
    return separator != "," and _threes([t for t in texts if sign in t], sign)


def _threes(texts: list[str], sign: str) -> bool:
    """Whether every text has the sign before exactly three digits, as thousands have."""
    return bool(texts) and all(
        re.fullmatch(rf"[+-]?[1-9]\d{{0,2}}{re.escape(sign)}\d{{3}}", t) for t in texts
    )


def _ambiguous(where: str, *examples: str) -> DataError:
    shown = " and ".join(repr(example) for example in examples)
    return DataError(
        f"{where} holds {shown}: it does not show whether the sign stands before decimals or groups "
        "thousands. State --decimal (decimal= in Python): '.' or ','."
    )
