"""`forecastkit completion`: the scripts are there, and what they ask for is answered."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from forecastkit.cli import COMMANDS, group
from forecastkit.cli.completion import SHELLS, command

NO_RESULTS = {
    "config schema",
    "datasets snapshots",
    "runs export",
    "schedule emit",
    "schedule run",
    "schedule serve",
    "schedule work",
}
"""Commands that print a file as it is, write files, begin other commands, or only hold commands."""

CALL = [
    sys.executable,
    "-c",
    "import sys; sys.argv[0] = 'forecastkit'; from forecastkit.cli import main; main()",
]


def completed(words: str, at: int) -> list[str]:
    """Ask as bash does."""
    asking = {"_FORECASTKIT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(at)}
    done = subprocess.run(CALL, env=os.environ | asking, capture_output=True, text=True, timeout=60)
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts(shell: str) -> None:
    done = CliRunner().invoke(command, [shell])
    assert done.exit_code == 0
    assert f"_FORECASTKIT_COMPLETE={shell}_complete" in done.output
    assert json.loads(CliRunner().invoke(command, [shell, "--json"]).output)["script"] in done.output


def test_commands_and_options_are_completed() -> None:
    assert completed("forecastkit ", 1) == list(COMMANDS)
    assert completed("forecastkit di", 1) == ["diagnose"]
    assert "--horizon" in completed("forecastkit compare --ho", 2)


def test_bash_accepts_the_script() -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash")
    script = CliRunner().invoke(command, ["bash"]).output
    subprocess.run([bash, "-n"], input=script, text=True, check=True, timeout=20)


@pytest.mark.parametrize("name", ["models", "datasets", "doctor"])
def test_lists_fit_eighty_columns(name: str) -> None:
    shown = CliRunner().invoke(group, [name]).output.splitlines()
    places = ("bundled series", "price snapshots", "reports")  # paths are as long as they are
    assert [line for line in shown if len(line) > 80 and not any(place in line for place in places)] == []


def test_every_command_takes_json() -> None:
    """Results of every command can be read by a program."""
    context = group.make_context("forecastkit", ["doctor"], resilient_parsing=True)
    lacking = set()
    for name in COMMANDS:
        command = group.get_command(context, name)
        parts = command.commands if isinstance(command, click.Group) else {"": command}
        for part, one in parts.items():
            if "--json" not in {option for p in one.params for option in p.opts}:
                lacking.add(f"{name} {part}".strip())
    assert lacking == NO_RESULTS
