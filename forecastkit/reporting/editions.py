"""Reports that follow one another: each complete or absent, `latest` switched at once, old ones pruned.

FOLDER/index.html      all editions
FOLDER/latest          the newest edition: a link, or a folder with a page that leads there
FOLDER/runs/ID/        one edition; its name begins with its time, so that names sort by age
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from markupsafe import Markup

from forecastkit.errors import ReportError
from forecastkit.runs.folder import write_whole

RUNS, LATEST = "runs", "latest"
PART, GONE = ".part-", ".gone-"
REDIRECT = Markup(
    '<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n<meta http-equiv="refresh" content="0; '
    'url={0}">\n<title>The latest report</title>\n<a href="{0}">The latest report</a>\n</html>\n'
)


def publish_edition(files: Mapping[str, str | bytes], folder: Path, edition: str) -> Path:
    """Write an edition beside the others, whole, and let `latest` lead to it.

    Everything goes to a folder that nobody knows, which then gets its name in one step: whatever interrupts,
    an edition is complete or absent, and `latest` leads to a complete one.

    Args:
        files: name, with folders where it has any -> content.
        folder: of all editions, made where absent; only one process at a time may publish into it.
        edition: its name, no path.

    Returns:
        the folder of the edition.

    Raises:
        ReportError: the folder cannot be written.
    """
    runs = folder / RUNS
    target, part = runs / edition, runs / f"{PART}{edition}"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        for name, content in files.items():
            path = part / name
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_through(path, content)
        os.replace(part, target)
        _sync(runs)
        point_latest(folder, edition)
    except OSError as error:
        raise ReportError(
            f"The report could not be written to {str(target)!r} ({error.strerror or error}). Make room and "
            "permissions, or choose another folder under outputs."
        ) from error
    return target


def point_latest(folder: Path, edition: str) -> None:
    """Let `latest` lead to an edition, in one step."""
    latest, new = folder / LATEST, folder / f"{LATEST}.new"
    try:
        new.unlink(missing_ok=True)
        os.symlink(Path(RUNS) / edition, new, target_is_directory=True)
        os.replace(new, latest)
    except OSError:  # a system without links, or a folder that stands in for one
        if latest.is_symlink():
            raise
        latest.mkdir(exist_ok=True)
        write_whole(latest / "index.html", REDIRECT.format(f"../{RUNS}/{edition}/index.html"))
    write_whole(folder / f"{LATEST}.json", f'{{"run": "{edition}", "folder": "{RUNS}/{edition}"}}\n')


def editions(folder: Path) -> list[str]:
    """Names of the complete editions, newest first."""
    runs = folder / RUNS
    found = [path.name for path in runs.iterdir() if not path.name.startswith(".")] if runs.is_dir() else []
    return sorted(found, reverse=True)


def prune(
    folder: Path, *, keep: int, before: datetime | None, made: Mapping[str, datetime], spared: Collection[str]
) -> list[str]:
    """Remove old editions.

    Args:
        folder: of all editions.
        keep: how many of the newest stay.
        before: editions made before this go, even among those; None for no limit.
        made: by edition, when it was made; one that is not here has no age.
        spared: editions that stay whatever their age, such as the newest good one.

    Returns:
        what was removed.

    Raises:
        ReportError: one of them cannot be removed.
    """
    found = editions(folder)
    spared = {*spared, *found[:1]}
    old = {name for name in found if before is not None and name in made and made[name] < before}
    gone = [name for i, name in enumerate(found) if (i >= keep or name in old) and name not in spared]
    try:
        for name in gone:
            away = folder / RUNS / f"{GONE}{name}"
            os.replace(folder / RUNS / name, away)
            shutil.rmtree(away)
    except OSError as error:
        raise ReportError(
            f"An old report in {str(folder)!r} could not be removed ({error.strerror or error})."
        ) from error
    return gone


def sweep(folder: Path) -> None:
    """Remove what an interrupted publication or pruning has left."""
    for path in (folder / RUNS).iterdir():
        if path.name.startswith((PART, GONE)):
            shutil.rmtree(path)


def _write_through(path: Path, content: str | bytes) -> None:
    with path.open("wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make the new name in a folder outlive a loss of power, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
