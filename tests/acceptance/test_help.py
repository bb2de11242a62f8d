"""Both ways to start the program are the same program, and its help waits for nothing heavy."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.installation import ROOT

COMMANDS = ((), ("run",), ("capture",), ("deliver",), ("init",), ("check",), ("status",), ("demo",), ("embedded",))


def helped(*program: str) -> str:
    done = subprocess.run([*program, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=20, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def script() -> str:
    """The installed command."""
    found = shutil.which("marketsync", path=str(Path(sys.executable).parent))
    assert found, "the package is not installed in this environment: make setup"
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_the_module_and_the_script_agree(script: str, command: tuple[str, ...]) -> None:
    assert helped(sys.executable, "-m", "consumer", *command) == helped(script, *command)


def test_help_starts_nothing_heavy() -> None:
    code = (
        "import sys, consumer.cli;"
        "heavy = {'confluent_kafka', 'pymongo', 'pydantic', 'httpx', 'aiohttp'};"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=20
    )
    assert done.stdout.strip() == "[]"


def test_an_unknown_command_is_told(script: str) -> None:
    done = subprocess.run([script, "delivr"], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert "deliver" in done.stderr
