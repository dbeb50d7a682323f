"""How templates become pages: everything is escaped, numbers stay with their signs, long names are cut."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from forecastkit.reporting.canvas import shortened

LONGEST_NAME = 24


@cache
def page_environment() -> Environment:
    """Set up the templates: everything is escaped, and nothing may be undefined."""
    environment = Environment(
        loader=PackageLoader("forecastkit", "reporting/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    environment.filters.update(tied=_tied, brief=_brief)
    return environment


def _visible(value: Any) -> Any:
    """Replace what cannot be shown in a page (control characters, halves of surrogate pairs)."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return "".join(c if c.isprintable() or c in "\n\xa0" else "\N{REPLACEMENT CHARACTER}" for c in value)


def _brief(name: str) -> Markup:
    """Write the head of a row or column: long names are cut, and said in full where the pointer rests."""
    short = shortened(name, LONGEST_NAME)
    whole = _visible(name)
    return escape(whole) if short == whole else Markup('<span title="{}">{}</span>').format(whole, short)


def _tied(text: str) -> str:
    """Keep "h = 9", "p < .001" and "80 %" on one line."""
    for loose in ("h = ", "p = ", "p < ", "p ≤ ", "p ≥ "):
        text = text.replace(loose, loose.replace(" ", "\xa0"))
    return text.replace(" %", "\xa0%")
