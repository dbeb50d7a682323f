"""Matplotlib figure -> SVG that lives inside a page: text stays text, colours become CSS variables."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.figure import Figure

from forecastkit.reporting.canvas import PALETTE

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_LONG_NUMBER = re.compile(r"(\d+\.\d\d)\d+")


def inline_svg(figure: Figure, *, key: str, title: str, kind: str) -> str:
    """Turn a figure into an SVG element for an HTML page.

    Colours of PALETTE become `var(--name)`, fonts are left to the page, and ids are prefixed, so that figures
    of one page do not share them. Equal figures give equal text.

    Args:
        figure: drawn at 72 dots per inch, in colours of PALETTE.
        key: unique within the page; begins every id.
        title: what a screen reader says.
        kind: CSS class of the element.

    Raises:
        ValueError: the figure uses a colour that PALETTE does not have.
    """
    root = ElementTree.fromstring(_drawn(figure))
    _settle_ids(root, key)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        if "d" in element.attrib:
            element.set("d", _LONG_NUMBER.sub(r"\1", " ".join(element.attrib["d"].split())))
        if "style" in element.attrib:
            element.set("style", _plain_style(element.attrib["style"]))
        if element.attrib.get("transform", "").startswith("rotate(-0 "):
            del element.attrib["transform"]
        element.text = element.text if element.tag in ("text", "tspan") else None
        element.tail = None
    drawing = ElementTree.Element("svg", {"class": kind, "viewBox": root.attrib["viewBox"], "role": "img"})
    drawing.set("aria-labelledby", f"{key}-title")
    ElementTree.SubElement(drawing, "title", {"id": f"{key}-title"}).text = title
    drawing.extend(_without_wrappers(root))
    return _in_variables(ElementTree.tostring(drawing, encoding="unicode"))


def _without_wrappers(element: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """Children of an element, without empty groups, metadata, styles and what cannot be seen."""
    for child in element:
        if child.tag == "g" and not child.attrib:
            yield from _without_wrappers(child)
        elif child.tag in ("metadata", "style") or child.attrib.get("style") == "fill:none":
            continue
        else:
            children = list(_without_wrappers(child))
            child[:] = children
            if children or child.tag not in ("g", "defs"):
                yield child


def _drawn(figure: Figure) -> str:
    """Let matplotlib write the SVG; salted, so that its ids are the same every time."""
    target = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "forecastkit"}), warnings.catch_warnings():
        # Text stays text, so that a glyph which matplotlib's own font lacks is drawn by the reader's browser.
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)
        figure.savefig(target, format="svg", transparent=True, metadata=_NO_METADATA)
    return target.getvalue()


def _settle_ids(root: ElementTree.Element, key: str) -> None:
    """Drop ids to which nothing refers, and prefix the rest."""
    used = set()
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if name == _HREF:
                del element.attrib[name]
                used.add(value.removeprefix("#"))
                element.set("href", f"#{key}-{value.removeprefix('#')}")
            elif "url(#" in value:
                used.update(_REFERENCE.findall(value))
                element.set(name, _REFERENCE.sub(rf"url(#{key}-\1)", value))
    for element in root.iter():
        name = element.attrib.pop("id", "")
        if name in used:
            element.set("id", f"{key}-{name}")


def _plain_style(style: str) -> str:
    """Shorten a style; fonts keep their size and weight only."""
    kept = []
    for declaration in filter(None, (part.strip() for part in style.split(";"))):
        name, _, value = (piece.strip() for piece in declaration.partition(":"))
        if name == "font":
            bold = "bold" in value or "700" in value
            size = re.search(r"[\d.]+px", value)
            kept += [f"font-size:{size.group()}"] if size else []
            kept += ["font-weight:600"] if bold else []
        elif name not in ("font-family", "font-style", "font-stretch", "font-variant"):
            kept.append(f"{name}:{value}")
    return ";".join(kept)


def _in_variables(text: str) -> str:
    """Put CSS variables in the place of colours."""
    for name, colour in PALETTE.items():
        text = re.sub(rf"(?<=:){colour}\b", f"var(--{name})", text, flags=re.IGNORECASE)
    left = re.search(r"(?:fill|stroke|color):\s*(#[0-9a-fA-F]{3,8})", text)
    if left:
        raise ValueError(f"The figure uses {left.group(1)}, which PALETTE does not have. Add it there.")
    return text
