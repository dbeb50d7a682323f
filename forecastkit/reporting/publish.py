"""Report files on disk: every file is complete or as it was before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from forecastkit.errors import ReportError


def publish(files: Mapping[str, str | bytes], folder: Path) -> Path:
    """Write the files of a report into a folder, made where absent.

    Args:
        files: name, with folders where it has any -> content.
        folder: where they go; other files in it stay.

    Returns:
        the folder.

    Raises:
        ReportError: the folder cannot be written.
    """
    from forecastkit.runs.folder import write_whole  # with pandas behind it

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            write_whole(folder / name, text)
    except OSError as error:
        raise ReportError(
            f"The report could not be written to {str(folder)!r} ({error.strerror or error}). Choose another "
            "--out, or make room and permissions."
        ) from error
    return folder


def folder_name(name: str) -> str:
    """Turn the name of a series into the name of a folder that stays where it is put.

    Example:
        >>> folder_name("../S&P 500")
        'S-P-500'
    """
    kept = "".join(c if c.isalnum() or c in "._-" else "-" for c in name)
    while "--" in kept:
        kept = kept.replace("--", "-")
    return kept.strip(".-")[:100] or "series"


def folder_names(names: Iterable[str]) -> dict[str, str]:
    """Give each name a folder of its own.

    Example:
        >>> folder_names(["A B", "A/B"])
        {'A B': 'A-B', 'A/B': 'A-B-2'}
    """
    folders: dict[str, str] = {}
    for name in names:
        wanted, number = folder_name(name), 2
        while wanted in folders.values():
            wanted, number = f"{folder_name(name)}-{number}", number + 1
        folders[name] = wanted
    return folders
