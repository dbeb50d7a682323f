"""`forecastkit doctor`."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import click

State = Literal["ok", "note", "missing"]
OPTIONAL = {
    "pyarrow": 'Parquet files need it: pip install "forecastkit[parquet]"',
    "polars": "Only to pass polars frames: pip install polars",
}
WITHOUT = {
    "tensorflow": "Networks need it: pip install tensorflow. Until then leave them out: --models naive,ar",
    "keras": "Networks need it: pip install keras. Until then leave them out: --models naive,ar",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, what was found, and what to do where that is anything."""

    what: str
    state: State
    found: str
    advice: str = ""


@click.command("doctor")
@click.option("--deep", is_flag=True, help="Import TensorFlow and ask it for devices (seconds).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(deep: bool, as_json: bool) -> None:
    """Look at versions, device, data and caches; say what is missing and what to do.

    Reads what is installed without importing it, so it is quick and tells even where an import fails. Exit
    code 4 where something needed is missing.
    """
    findings = [*_system(), *_packages(), *_device(deep), *_places()]
    missing = [finding for finding in findings if finding.state == "missing"]
    if as_json:
        from json import dumps

        click.echo(
            dumps({"ok": not missing, "findings": [asdict(finding) for finding in findings]}, indent=1)
        )
    else:
        for finding in findings:
            click.echo(f"{finding.state:<8}{finding.what:<18}{finding.found}")
            for line in textwrap.wrap(finding.advice, 62):
                click.echo(f"{'':<18}{line}")
        click.echo(f"\n{len(missing)} missing." if missing else "\nNothing needed is missing.")
    click.get_current_context().exit(4 if missing else 0)


def _system() -> Iterator[Finding]:
    yield Finding("forecastkit", "ok", metadata.version("forecastkit"))
    yield Finding("Python", "ok", f"{platform.python_version()}, {platform.system()} {platform.machine()}")
    yield Finding("processors", "ok", str(os.cpu_count()))


def _packages() -> Iterator[Finding]:
    """Every package that the distribution asks for, and the optional ones."""
    for requirement in metadata.requires("forecastkit") or []:
        name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        if "extra ==" in requirement:
            continue
        version = _version(name)
        if version is None:
            yield Finding(name, "missing", "not installed", WITHOUT.get(name, f"pip install {name}"))
        else:
            yield Finding(name, "ok", version)
    for name, advice in OPTIONAL.items():
        version = _version(name)
        yield Finding(name, "ok", version) if version else Finding(name, "note", "not installed", advice)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _device(deep: bool) -> Iterator[Finding]:
    """The device of networks: by the driver's own tool, or (deep) as TensorFlow sees it."""
    driver = shutil.which("nvidia-smi")
    if not deep:
        found = "NVIDIA driver found; --deep asks TensorFlow" if driver else "CPU (no NVIDIA driver found)"
        yield Finding("device", "ok", found)
        return
    from forecastkit.errors import BackendError
    from forecastkit.models.networks.device import choose_processor, kernel_facts, load_loop

    try:
        load_loop()
    except BackendError as error:
        yield Finding("device", "missing", "TensorFlow cannot be imported", str(error))
        return
    gpus = sys.modules["tensorflow"].config.list_physical_devices("GPU")
    if driver and not gpus:
        advice = 'TensorFlow does not see the GPU: pip install "forecastkit[gpu]"'
        yield Finding("device", "note", "CPU, though there is an NVIDIA driver", advice)
        return
    yield Finding("device", "ok", ", ".join(gpu.name for gpu in gpus) or "CPU")
    kernel = kernel_facts(choose_processor("auto", len(gpus)), "lstm")["kernel"]
    yield Finding("kernel of an LSTM", "ok", kernel)


def _places() -> Iterator[Finding]:
    """Bundled data, the cache of market prices, and whether reports can be written here."""
    from forecastkit.errors import DatasetNotFoundError

    try:
        from forecastkit.sources.catalog import folder
        from forecastkit.sources.snapshots import cache_folder
    except ImportError as error:
        yield Finding("data", "missing", f"cannot be looked at ({error})", "Install what is missing above.")
        return
    try:
        yield Finding("bundled series", "ok", str(folder()))
    except DatasetNotFoundError as error:
        yield Finding("bundled series", "missing", "not found", str(error))
    cache = cache_folder()
    kept = sum(1 for file in cache.rglob("*") if file.is_file()) if cache.is_dir() else 0
    yield Finding("price snapshots", "ok", f"{cache} ({kept} files)")
    here = Path.cwd()
    if os.access(here, os.W_OK):
        yield Finding("reports", "ok", str(here / "reports"))
    else:
        advice = "Choose a folder that can be written with --out, or change to one."
        yield Finding("reports", "note", f"{here} cannot be written", advice)
