"""The README is true: its Python runs, its commands work, and no command is missing from it."""

import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest
from loopback import Market, Yahoo, prices

from forecastkit.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands() -> list[str]:
    return [line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]


def test_python_blocks_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), namespace)
    assert "ar: reliable skill" in capsys.readouterr().out
    assert (tmp_path / "reports/sunspots/index.html").exists()
    assert list(namespace["result"].skill) == ["ar", "cycle"]


def test_commands_work_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, yahoo: Yahoo) -> None:
    monkeypatch.chdir(tmp_path)
    Path("jobs.toml").write_text(blocks("toml")[0], encoding="utf-8")
    yahoo.markets = {
        "SPY": Market(prices("2010-01-01", 400)),
        "QQQ": Market(prices("2010-01-01", 400, seed=1)),
    }
    for command in commands():
        monkeypatch.setattr(sys, "argv", shlex.split(command))
        with pytest.raises(SystemExit) as stop:
            main()
        assert stop.value.code in (0, None), command
    assert (tmp_path / "reports/oil/index.html").exists()
    assert (tmp_path / "runs/sun/forecasts.csv").exists()
    assert (tmp_path / "reports/nightly/cycles/latest/the-Nile/index.html").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_shown(command: str) -> None:
    assert any(line.startswith(f"forecastkit {command}") for line in commands())


def test_ci_runs_the_command_that_the_readme_gives() -> None:
    test_command = blocks("sh")[0].splitlines()[1].strip()
    install, run = test_command.split(" && ")
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert install in script
    assert run in script


def test_linked_files_exist() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert all((ROOT / link).exists() for link in links)


def test_versions_agree() -> None:
    import forecastkit

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == forecastkit.__version__
