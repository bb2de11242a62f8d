"""What docs/api.md and the OpenAPI document say of the routes."""

from __future__ import annotations

from tests.api_table import PAGE, document, with_table


def test_the_page_lists_the_routes_there_are() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page), "say: python -m tests.api_table"


def test_every_route_says_what_it_does_and_needs_a_token_below_api() -> None:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), (method, path)
            open_to_all = path.startswith(("/health", "/api/webhooks/ebay"))
            assert bool(operation.get("security")) is not open_to_all, (method, path)
