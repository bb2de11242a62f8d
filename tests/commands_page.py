"""docs/cli.md, made from the program: every command with its arguments and options.

`python -m tests.commands_page` writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import typer

from consumer.cli import app

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"

_HEAD = """# Commands

Made from the program by `python -m tests.commands_page`. `--help` behind any command says the same.
Exit codes: 0 done, 1 it could not be done (one line on stderr says why), 2 the settings or the options are wrong.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_lines(typer.main.get_command(app), "marketsync")]) + "\n"


def _lines(command: Any, name: str) -> Iterator[str]:
    if hasattr(command, "commands"):
        for word, child in sorted(command.commands.items()):
            yield from _lines(child, f"{name} {word}")
        return
    yield f"## {name}\n"
    yield f"{' '.join((command.help or '').split())}\n"
    rows = [_row(one) for one in command.params if not getattr(one, "hidden", False)]
    if rows:
        yield "| argument or option | |"
        yield "|---|---|"
        yield from rows
        yield ""


def _row(one: Any) -> str:
    kind = one.type_descriptor.annotation
    choices = [choice.value for choice in kind] if isinstance(kind, type) and issubclass(kind, Enum) else []
    words = " ".join((getattr(one, "help", "") or "").split())
    # A default that is a choice is shown as its word.
    default = getattr(one.default, "value", one.default)
    if choices:
        words += f" One of: {', '.join(map(str, choices))}."
    if isinstance(default, str | int | float) and not isinstance(default, bool) and default != "":
        words += f" Default: {default}."
    name = one.name.upper() if one.param_type_name == "argument" else ", ".join(one.opts)
    return f"| `{name}` | {words.strip().replace('|', '&#124;')} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
