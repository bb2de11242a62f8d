"""What is imported is declared in pyproject.toml, and what the program requires is imported."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OURS = {"consumer", "adapters", "tests"}


def names(requirements: Iterable[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower() for requirement in requirements}


def imported(folders: Iterable[str]) -> set[str]:
    """The distributions that the code in these folders imports, as requirements write them."""
    modules = {module for folder in folders for path in (ROOT / folder).rglob("*.py") for module in _modules(path)}
    known = packages_distributions()
    return {
        known[module][0].lower().replace("_", "-")
        for module in modules - sys.stdlib_module_names - OURS
        if module in known
    }


def _modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def test_the_program_requires_what_it_imports_and_nothing_else() -> None:
    extras = names(PROJECT["optional-dependencies"]["embedded"] + PROJECT["optional-dependencies"]["traces"])
    assert imported(("consumer", "adapters")) - extras == names(PROJECT["dependencies"])


def test_the_tests_import_what_is_declared() -> None:
    declared = names(PROJECT["dependencies"]) | names(PROJECT["optional-dependencies"]["dev"])
    declared |= names(PROJECT["optional-dependencies"]["traces"])
    assert imported(("tests",)) <= declared
