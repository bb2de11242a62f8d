"""The table of routes in docs/api.md, made from consumer/api. `python -m tests.api_table` writes it anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI

from consumer.api.routes import ROUTERS

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
_BEGIN, _END = "<!-- routes: begin (made by python -m tests.api_table) -->", "<!-- routes: end -->"


def document() -> dict[str, Any]:
    """The OpenAPI document of all routes."""
    app = FastAPI()
    for router in ROUTERS:
        app.include_router(router)
    return app.openapi()


def table() -> str:
    """One line per route: how it is asked, and the first sentence of what it does."""
    rows = [
        f"| `{method.upper()} {path}` | {_first(operation.get('description', ''))} |"
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]
    return "\n".join(["| route | what it does |", "|---|---|", *rows])


def with_table(page: str) -> str:
    """The page with the table of today."""
    before, rest = page.split(_BEGIN)
    _, after = rest.split(_END)
    return f"{before}{_BEGIN}\n\n{table()}\n\n{_END}{after}"


def _first(description: str) -> str:
    words = " ".join(description.split())
    return words.partition(". ")[0].removesuffix(".") + "."


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
