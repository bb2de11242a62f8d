"""What an account needs at eBay before anything can be listed: three business policies and a location.

Policies are named in the settings by id or by name; names are looked up once and kept until eBay refuses a policy. A
location that the settings describe is made when it is not there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from adapters.ebay.client import EbayClient
from adapters.ebay.settings import EbayAccount, Premises
from adapters.errors import AdapterError, ConfigurationError, PermanentError

KINDS = ("fulfillment", "payment", "return")
_EXISTS = "25803"


class Setup:
    """Finds, and makes where it is wished, what the settings of one account name."""

    def __init__(self, client: EbayClient, account: EbayAccount) -> None:
        self._client = client
        self._account = account
        self._ready: EbayAccount | None = None
        self._lock = asyncio.Lock()

    async def ready(self) -> EbayAccount:
        """The account with its policies by id, when its location is there.

        Raises ConfigurationError naming the setting at fault, any other AdapterError when eBay could not be asked.
        """
        if self._ready is None:
            async with self._lock:
                if self._ready is None:
                    self._ready = await self._find()
        return self._ready

    def forget(self) -> None:
        """eBay refused a policy or the location: look again the next time."""
        self._ready = None

    async def complaints(self) -> list[str]:
        """What is wrong with the policies and the location that the settings name, in words. Writes nothing.

        Raises AuthenticationError, TemporaryError.
        """
        found = [await self._policy_complaint(kind) for kind in KINDS]
        found.append(await self._location_complaint(self._account.merchant_location_key))
        return [complaint for complaint in found if complaint]

    async def _find(self) -> EbayAccount:
        ids = {}
        for kind in KINDS:
            if (wanted := _policy_of(self._account, kind)) and not _is_id(wanted):
                ids[f"{kind}_policy_id"] = await self._policy_named(kind, wanted)
        if self._account.merchant_location is not None:
            await self._have_location(self._account.merchant_location_key, self._account.merchant_location)
        return self._account.model_copy(update=ids) if ids else self._account

    async def _policy_named(self, kind: str, name: str) -> str:
        try:
            policy = await self._client.find_policy(kind, name)
        except (PermanentError, ConfigurationError) as error:
            place = self._account.marketplace_id
            words = f"eBay knows no {kind} policy named {name!r} of this seller on {place} ({error.message})"
            raise ConfigurationError(f"{_setting(kind)}: {words}", code=error.code, status=error.status) from error
        return str(policy.get(f"{kind}PolicyId") or "")

    async def _have_location(self, key: str, premises: Premises) -> None:
        if not key:
            raise ConfigurationError("EBAY_MERCHANT_LOCATION_KEY is not set: the location to be made needs a key")
        try:
            await self._client.get_location(key)
        except (PermanentError, ConfigurationError):
            try:
                await self._client.create_location(key, location_document(premises))
            except AdapterError as error:
                if error.code != _EXISTS:  # made by another process in this very moment
                    raise

    async def _policy_complaint(self, kind: str) -> str:
        wanted = _policy_of(self._account, kind)
        if not wanted:
            words = f"copy the id or the name of the {kind} policy from eBay's business policies"
            return f"{_setting(kind)} is not set: {words}"
        if not _is_id(wanted):
            try:
                await self._policy_named(kind, wanted)
            except ConfigurationError as error:
                return error.message
            return ""
        try:
            policy = await self._client.get_policy(kind, wanted)
        except (PermanentError, ConfigurationError) as error:
            return f"{_setting(kind)}: eBay knows no {kind} policy {wanted} of this seller ({error.message})"
        if (marketplace := policy.get("marketplaceId")) != self._account.marketplace_id:
            # Policies of another marketplace pass every call up to publishing.
            return f"{_setting(kind)}: policy {wanted} is for {marketplace}, not for {self._account.marketplace_id}"
        return ""

    async def _location_complaint(self, key: str) -> str:
        if not key:
            return "EBAY_MERCHANT_LOCATION_KEY is not set: eBay lists nothing without a place the goods leave from"
        try:
            location = await self._client.get_location(key)
        except (PermanentError, ConfigurationError) as error:
            if self._account.merchant_location is not None:
                return ""  # it is made with the first listing
            return f"EBAY_MERCHANT_LOCATION_KEY: eBay knows no location {key} of this seller ({error.message})"
        if location.get("merchantLocationStatus") == "DISABLED":
            return f"EBAY_MERCHANT_LOCATION_KEY: location {key} is disabled at eBay"
        return ""


def location_document(premises: Premises) -> Mapping[str, Any]:
    """Body of createInventoryLocation: a warehouse."""
    address = {
        "addressLine1": premises.address_line1,
        "city": premises.city,
        "postalCode": premises.postal_code,
        "stateOrProvince": premises.state_or_province,
        "country": premises.country,
    }
    return {
        "location": {"address": {name: value for name, value in address.items() if value}},
        "locationTypes": ["WAREHOUSE"],
        "merchantLocationStatus": "ENABLED",
        "name": premises.name or premises.city,
        "phone": premises.phone,
    }


def _policy_of(account: EbayAccount, kind: str) -> str:
    return str(getattr(account, f"{kind}_policy_id"))


def _setting(kind: str) -> str:
    return f"EBAY_{kind.upper()}_POLICY_ID"


def _is_id(policy: str) -> bool:
    """eBay's ids are numbers; whatever else a setting holds is a name."""
    return policy.isascii() and policy.isdigit()
