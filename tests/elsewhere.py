"""`python -m tests.elsewhere capture`: a process that cannot see the others of this machine, as if on another one."""

from __future__ import annotations

from consumer.capture import identity
from consumer.cli import app

if __name__ == "__main__":
    identity._machine = lambda: ""
    app()
