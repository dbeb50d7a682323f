"""`forecastkit completion`: the scripts are there, and what they ask for is answered."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from forecastkit.cli import COMMANDS, group
from forecastkit.cli.completion import SHELLS, command

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
    for name in COMMANDS:
        options = {option for p in group.get_command(context, name).params for option in p.opts}
        assert "--json" in options, name
