"""The service: captures product changes from MongoDB into Kafka and delivers them to channels through adapters.

Programs call `sync_product_to_marketplaces`, `sync_inventory_to_marketplaces` and `bulk_sync_products` from here, or
their twins that end in `_async`: see `consumer.marketplaces`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from consumer.marketplaces import (
        bulk_sync_products,
        bulk_sync_products_async,
        sync_inventory_to_marketplaces,
        sync_inventory_to_marketplaces_async,
        sync_product_to_marketplaces,
        sync_product_to_marketplaces_async,
    )

__all__ = [
    "bulk_sync_products",
    "bulk_sync_products_async",
    "sync_inventory_to_marketplaces",
    "sync_inventory_to_marketplaces_async",
    "sync_product_to_marketplaces",
    "sync_product_to_marketplaces_async",
]


def __getattr__(name: str) -> Any:
    """The functions are loaded when they are asked for: every room imports this package first."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from consumer import marketplaces

    return getattr(marketplaces, name)
