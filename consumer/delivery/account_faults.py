"""A setting that the channel refuses for one listing while it takes others: not the account's problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from adapters.errors import ConfigurationError, RejectedListingError
from adapters.model import Outcome


def blamed(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes of one call. Where one was accepted the account works, so a refused setting refuses its listing.

    A credential is another matter: it may have died in the middle of the call, and no listing is at fault for that.
    """
    if all(outcome.error is not None for outcome in outcomes):
        return list(outcomes)
    return [_blame(outcome) for outcome in outcomes]


def _blame(outcome: Outcome) -> Outcome:
    error = outcome.error
    if not isinstance(error, ConfigurationError):
        return outcome
    words = f"a setting of the account does not fit this listing, others were taken with it: {error.message}"
    refused = RejectedListingError(words, code=error.code, status=error.status, effect_unknown=error.effect_unknown)
    refused.known = error.known
    return replace(outcome, error=refused)
