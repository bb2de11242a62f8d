"""Which categories a channel itself proposes for those of the PIM that lead to none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from adapters.base import SuggestsCategories
from adapters.errors import AdapterError
from adapters.model import CategorySuggestion
from adapters.registry import make_adapter
from consumer.errors import MarketsyncError
from consumer.listings.accounts import Account
from consumer.listings.unmapped import Missing

MOST = 20  # questions of one command: channels count them
_EACH = 3


def suggest_categories(account: Account, missing: Iterable[Missing]) -> Mapping[Missing, Sequence[CategorySuggestion]]:
    """The best few for each of the first PIM categories, in the order given.

    Raises MarketsyncError where the channel proposes none, or cannot be asked.
    """
    wanted = list(islice((one for one in missing if one.kind == "category"), MOST))
    return asyncio.run(_ask(account, wanted))


async def _ask(account: Account, wanted: Sequence[Missing]) -> dict[Missing, Sequence[CategorySuggestion]]:
    adapter = make_adapter(account.channel, account.settings)
    try:
        if not isinstance(adapter, SuggestsCategories):
            raise MarketsyncError(f"{account.channel} proposes no categories; look them up in its own pages")
        return {one: (await adapter.suggest_categories(_words_of(one)))[:_EACH] for one in wanted}
    except AdapterError as error:
        raise MarketsyncError(f"{account.channel} could not be asked for categories: {error.message}") from error
    finally:
        await adapter.close()


def _words_of(missing: Missing) -> str:
    """The category's own name: with those above it, a channel finds less."""
    return missing.value.partition(" (below ")[0] or missing.name
