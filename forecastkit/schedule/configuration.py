"""Read a jobs file; every fault at once, each with its place and the key that was meant."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from forecastkit.errors import ConfigurationError, nearest
from forecastkit.schedule.jobs import Job, Jobs

SECRETS = {"webhook", "password", "apprise"}
BARE = re.compile(r"[A-Za-z0-9_-]+")
Place = Sequence[int | str]


def read_jobs(path: Path, *, models: bool = True) -> Jobs:
    """Read a jobs file.

    Args:
        path: a TOML file.
        models: whether their names are looked up, which costs a second.

    Raises:
        ConfigurationError: it cannot be read, or a line for each fault: `file:section.key: what`.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}). Give the path of a jobs file in TOML."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: is no TOML: {error}") from error
    try:
        return Jobs.model_validate(told, context={"models": models})
    except ValidationError as error:
        faults = [f"{path}:{fault}" for fault in dict.fromkeys(_faults(error))]
        raise ConfigurationError("\n".join(faults)) from error


def find_job(jobs: Jobs, name: str, path: Path) -> Job:
    """Find a job by its name.

    Raises:
        ConfigurationError: names the nearest.
    """
    if name not in jobs.jobs:
        raise ConfigurationError(f"{path}: there is no job {name!r}. {nearest(name, jobs.jobs)}")
    return jobs.jobs[name]


def schema() -> dict[str, Any]:
    """The JSON schema of a jobs file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Jobs.model_json_schema()}


def _faults(error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_url=False):
        place = [part for part in fault["loc"] if not _is_type(part)]
        yield f"{_written(place)}: {_what(fault, place)}" if place else _what(fault, place)


def _is_type(part: int | str) -> bool:
    """Whether pydantic means an alternative, not a key."""
    return isinstance(part, str) and (part in ("int", "NoneType") or "[" in part)


def _written(place: Place) -> str:
    """Write a place as TOML does.

    Example:
        >>> _written(["jobs", "a b", "sources", 1, "column"])
        'jobs."a b".sources[1].column'
    """
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if BARE.fullmatch(part) else json.dumps(part))
    return text


def _what(fault: ErrorDetails, place: Place) -> str:
    """Say what is wrong, without the value where it may be a secret."""
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        return f"is not known {_meant(str(place[-1]), _keys(place[:-1]))}"
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return _bracketed(str(context["error"]))
    if SECRETS.intersection(place):
        return "secrets come from the environment: write env:NAME, where NAME is the variable"
    if kind == "string_pattern_mismatch":
        return f"{_short(fault['input'])} is no mail address"
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", context["expected"])
        return f"{fault['input']!r} is not known {_meant(str(fault['input']), known)}"
    return f"{fault['msg'].replace('Input should', 'should')}, not {_short(fault['input'])}"


def _meant(word: str, known: Sequence[str]) -> str:
    return _bracketed(f". {nearest(word, known)}").strip()


def _bracketed(text: str) -> str:
    """Write the end of a message, "Did you mean this?", in brackets."""
    return re.sub(
        r"\. (Did you mean [^?]*\?|Known: .*)\.?$", lambda m: f" ({m[1][0].lower()}{m[1][1:]})", text
    )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _keys(place: Place) -> list[str]:
    """Keys that the table at a place may have."""
    found: Any = Jobs
    for part in place:
        found = _inner(found, part)
    sections = [kind for kind in _alternatives(found) if _is_section(kind)]
    return [key for section in sections for key in section.model_fields]


def _inner(kind: Any, part: int | str) -> Any:
    for option in _alternatives(kind):
        if _is_section(option):
            return option.model_fields[str(part)].annotation
        if get_origin(option) in (dict, Mapping):
            return get_args(option)[1]
        if get_origin(option) is tuple:
            return get_args(option)[0]
    return kind


def _alternatives(kind: Any) -> list[Any]:
    """Members of a union, without what annotates them."""
    while hasattr(kind, "__metadata__"):
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, UnionType):
        return [option for member in get_args(kind) for option in _alternatives(member)]
    return [kind]


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
