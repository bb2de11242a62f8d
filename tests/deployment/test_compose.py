"""docker-compose.yml, read by docker compose itself. Needs no engine; skipped where the plugin is missing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.deployment.tools import found

ROOT = Path(__file__).parents[2]
COMPOSE = found("docker-compose")


def _command() -> list[str] | None:
    """docker compose as a program of its own, or as docker's plugin."""
    if COMPOSE is not None:
        return [str(COMPOSE)]
    docker = found("docker")
    if docker is None:
        return None
    plugin = subprocess.run([str(docker), "compose", "version"], capture_output=True, check=False)
    return [str(docker), "compose"] if plugin.returncode == 0 else None


@pytest.mark.parametrize("profile", [(), ("--profile", "sandbox")])
def test_config(profile: tuple[str, ...]) -> None:
    command = _command()
    if command is None:
        pytest.skip("no docker compose on the path or in build/tools")
    done = subprocess.run(
        [*command, "-f", str(ROOT / "docker-compose.yml"), *profile, "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
