"""The contract is part of what is installed."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.event_contract import contract_files

_ROOT = Path(__file__).parents[3]


@pytest.mark.timeout(60)
def test_every_file_of_the_contract_is_in_the_wheel(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=_ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    assert {f"consumer/contract/{name}" for name in contract_files()} <= inside
    assert not [name for name in inside if name.startswith("tests/")]
