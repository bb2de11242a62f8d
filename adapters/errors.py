"""What can go wrong on a channel. The type of an error is its recovery.

AdapterError
├─ TemporaryError              the listing waits and is tried again; others go on
│   ├─ RateLimitedError        the channel says slow down; burns no attempt
│   ├─ UnderReviewError        the channel decides later whether it takes this; burns no attempt
│   └─ ChannelUnavailableError timeouts, connection failures, the channel's own 5xx
├─ PermanentError              this state of this listing will never pass; a person or a newer state heals it
│   ├─ RejectedListingError    the channel says the data is wrong
│   └─ UnknownListingError     the channel does not know the listing (any more)
└─ ChannelHaltedError          the account stops, no listing is at fault
    ├─ AuthenticationError     the credential is dead, also after one refresh
    └─ ConfigurationError      a setting of the account is missing or refused by the channel

Anything else that leaves an adapter is a bug in it.
"""

from __future__ import annotations


class AdapterError(Exception):
    """One failure, in the channel's words where it gave any.

    message: plain words for a person. code: the channel's own identifier of the error, if any.
    status: the HTTP status, if an answer came. effect_unknown: the call may have had its effect although no
    answer (or no clear one) came back, so the listing has to be sent again or read back.
    known: False when the channel gave an identifier or status that its adapter's tables do not have; it is counted.
    """

    known: bool = True

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        effect_unknown: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.effect_unknown = effect_unknown

    @property
    def kind(self) -> str:
        """The class name in snake case without "Error": a bounded label for metrics, logs and dead letters."""
        name = type(self).__name__.removesuffix("Error")
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


class TemporaryError(AdapterError):
    """Try this listing again later. delay: seconds the channel asked us to wait at least, if it said so."""

    def __init__(
        self,
        message: str,
        *,
        delay: float | None = None,
        code: str | None = None,
        status: int | None = None,
        effect_unknown: bool = False,
    ) -> None:
        super().__init__(message, code=code, status=status, effect_unknown=effect_unknown)
        self.delay = delay


class RateLimitedError(TemporaryError):
    """The channel counts our calls and says it is too many."""


class UnderReviewError(TemporaryError):
    """The channel looks at the listing first, and takes this once it is done; nothing is known to be wrong with it."""


class ChannelUnavailableError(TemporaryError):
    """The channel could not be reached or failed by itself."""


class PermanentError(AdapterError):
    """Sending the same thing again cannot help."""


class RejectedListingError(PermanentError):
    """The channel says the listing's data is wrong."""


class UnknownListingError(PermanentError):
    """The channel does not know the listing we named."""


class ChannelHaltedError(AdapterError):
    """No call of this account can succeed until a person acts."""


class AuthenticationError(ChannelHaltedError):
    """The credential was refused, also after one refresh."""


class ConfigurationError(ChannelHaltedError):
    """A setting of the account is missing, malformed or refused by the channel."""
