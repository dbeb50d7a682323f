"""Keep the exact versions in pyproject.toml: everything that core, extras, groups and the build install.

    python3 .ci/pins.py            resolve anew, to the newest versions, and rewrite the block of pins
    python3 .ci/pins.py --check    fail when the declared dependencies would install something unpinned
    python3 .ci/pins.py --strip    remove the block, for a test run at the lowest bounds

The block lies between two marker comments at the end of the `[tool.uv]` table; the bounds in `[project]` stay
ranges. uv resolves in a temporary folder, for every Python that `requires-python` allows and every platform.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = ROOT / "pyproject.toml"
BEGIN = "# pins: begin"
END = "# pins: end"
BLOCK = re.compile(rf"^{BEGIN}.*?^{END}[^\n]*\n?", re.DOTALL | re.MULTILINE)
UV_TABLE = re.compile(r"^\[tool\.uv\][^\n]*\n(?:(?!\[)[^\n]*\n)*", re.MULTILINE)
PIN = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>[^\s;]+)(?:\s*;\s*(?P<marker>.+))?")
EDITABLE_BUILD = "editables"  # hatchling asks for it when it installs a checkout; no table declares it

Pins = dict[str, dict[str, str]]  # name -> version -> marker, which is empty where one version serves all


def main() -> int:
    """Do what the command line asks; the result is the exit status."""
    parser = argparse.ArgumentParser(description="Keep the exact versions in pyproject.toml.")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="fail when something is not pinned")
    action.add_argument("--strip", action="store_true", help="remove the pins")
    arguments = parser.parse_args()
    if arguments.check:
        return check(read())
    if arguments.strip:
        write(strip(read()))
        return 0
    bare = strip(read())
    installed, build = resolve(bare), resolve(build_project(bare))
    write(insert(strip(read()), block(installed, build)))
    print(f"{count(installed)} pins and {count(build)} build pins written.")
    return 0


def read() -> str:
    """Read pyproject.toml."""
    return PYPROJECT.read_text(encoding="utf-8")


def write(text: str) -> None:
    """Write pyproject.toml, with LF line ends everywhere."""
    PYPROJECT.write_text(text, encoding="utf-8", newline="\n")


def strip(text: str) -> str:
    """Remove the block, if there is one."""
    return BLOCK.sub("", text)


def insert(text: str, pins: str) -> str:
    """Put the block at the end of the `[tool.uv]` table."""
    table = UV_TABLE.search(text)
    if table is None:
        sys.exit("pyproject.toml has no [tool.uv] table, where the pins belong: add it.")
    end = table.start() + len(table.group().rstrip()) + 1
    return text[:end] + pins + text[end:]


def build_project(text: str) -> str:
    """Describe the build requirements as a project of its own, under the build pins as its constraints."""
    project = tomllib.loads(text)
    requirements = [*project["build-system"]["requires"], EDITABLE_BUILD]
    settings = project.get("tool", {}).get("uv", {})
    return "\n".join(
        (
            "[project]",
            'name = "build"',
            'version = "0"',
            f"requires-python = {json.dumps(project['project']['requires-python'])}",
            f"dependencies = {json.dumps(requirements)}",
            "[tool.uv]",
            f"system-certs = {json.dumps(settings.get('system-certs', False))}",
            f"constraint-dependencies = {json.dumps(settings.get('build-constraint-dependencies', []))}",
        )
    )


def resolve(text: str) -> Pins:
    """Resolve a pyproject.toml with all its extras and groups, for all Pythons and platforms."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pyproject.toml").write_text(text, encoding="utf-8")
        options = "--all-extras --all-groups --no-emit-project --no-hashes --no-annotate --no-header --quiet"
        done = subprocess.run(
            [sys.executable, "-m", "uv", "export", "--format", "requirements.txt", *options.split()],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT / ".tools")},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        sys.exit(f"uv cannot resolve what pyproject.toml asks for:\n{done.stderr.strip()}")
    return parse(done.stdout.splitlines())


def parse(lines: list[str]) -> Pins:
    """Sort pins by name and version; a marker stays only where a package has several versions."""
    pins: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for line in lines:
        found = PIN.fullmatch(line.strip())
        if found is None:
            sys.exit(f"This is not an exact version: {line!r}. Only released packages can be pinned.")
        pins[found["name"]][found["version"]] = found["marker"] or ""
    return {
        name: versions if len(versions) > 1 else dict.fromkeys(versions, "")
        for name, versions in pins.items()
    }


def block(installed: Pins, build: Pins) -> str:
    """Write both lists as TOML, one pin per line, between the marker comments."""
    lines = [BEGIN, "# Written by .ci/pins.py for the checkout; an installed wheel has the ranges above."]
    for key, pins in (("constraint-dependencies", installed), ("build-constraint-dependencies", build)):
        lines += [f"{key} = [", *(f"  {json.dumps(pin)}," for pin in listed(pins)), "]"]
    return "\n".join([*lines, END, ""])


def listed(pins: Pins) -> list[str]:
    """Spell the pins out as requirements."""
    return [
        f"{name}=={version}" + (f" ; {marker}" if marker else "")
        for name, versions in sorted(pins.items())
        for version, marker in versions.items()
    ]


def count(pins: Pins) -> int:
    """Count the lines that the pins take."""
    return sum(map(len, pins.values()))


def check(text: str) -> int:
    """Resolve under the pins and name everything that they leave open."""
    settings = tomllib.loads(text).get("tool", {}).get("uv", {})
    faults: list[str] = []
    for key, project in (
        ("constraint-dependencies", text),
        ("build-constraint-dependencies", build_project(text)),
    ):
        pinned = parse(settings.get(key, []))
        faults += [f"  {pin} is not in {key}" for pin in listed(unpinned(resolve(project), pinned))]
    if faults:
        head, tail = "These would be installed unpinned:", "Run `python3 .ci/pins.py`, then the tests."
        print(head, *faults, tail, sep="\n", file=sys.stderr)
        return 1
    print("Every package that would be installed is pinned.")
    return 0


def unpinned(resolved: Pins, pinned: Pins) -> Pins:
    """Pick the versions of a resolution that no pin names."""
    found = {
        name: {version: marker for version, marker in versions.items() if version not in pinned.get(name, {})}
        for name, versions in resolved.items()
    }
    return {name: versions for name, versions in found.items() if versions}


if __name__ == "__main__":
    sys.exit(main())
