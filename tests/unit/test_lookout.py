"""The look-out for planted secrets finds them; a test that shows one fails, however it shows it."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.planted import MARK, plant, shown_in

ROOT = Path(__file__).parents[2]

# Each of these fails in our suite.
_LEAKS = {
    "printed": "print(SECRET)",
    "printed_elsewhere": "subprocess.run([sys.executable, '-c', f'print({SECRET!r})'])",
    "printed_encoded": "print(base64.b64encode(f'app:{SECRET}'.encode()).decode())",
    "logged_by_a_library": "logging.getLogger('some.library').warning('sent %s', SECRET)",
    "logged_by_us": "structlog.get_logger().info('sent', form={'x': SECRET})",
    "said_by_a_caught_error": "SettingsError(SECRET)",
    "said_by_a_channel": "RateLimitedError('no', code=SECRET)",
    "read_from_its_output": "print(SECRET) or capsys.readouterr()",
}
_BEGIN = """
import base64, logging, subprocess, sys
import structlog
from adapters.errors import RateLimitedError
from consumer.errors import SettingsError
from tests.planted import plant
SECRET = plant("token")
"""


@pytest.mark.timeout(60)
def test_a_test_that_shows_a_secret_fails(tmp_path: Path) -> None:
    quiet = {"quiet": "logging.getLogger('some.library').warning('sent')"}
    tests = [f"def test_{name}(capsys):\n    {body}\n" for name, body in {**_LEAKS, **quiet}.items()]
    (tmp_path / "test_leaks.py").write_text(_BEGIN + "".join(tests))
    options = ("-q", "-p", "no:cacheprovider", "-p", "tests.conftest", "-c", "pyproject.toml", "--rootdir=.")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    failed = re.findall(r"^FAILED .*::test_(\w+)", done.stdout, re.MULTILINE)
    # This test is watched itself: what the others printed must not show in its own failure.
    assert sorted(failed) == sorted(_LEAKS), done.stdout.replace(MARK, "(the secret)")
    told = re.findall(r"^A planted secret shows in .*::test_(\w+):", done.stdout, re.MULTILINE)
    assert sorted(told) == sorted(_LEAKS)
    assert "1 passed" in done.stdout


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "app:"])
def test_a_secret_is_found_in_base64_wherever_it_begins(before: str) -> None:
    encoded = base64.b64encode(f"{before}{plant('x')}:and more".encode())
    assert shown_in(encoded)
    assert shown_in(b"nothing of the kind") is None
