"""eBay's push notifications, above all the closing of accounts: is it really from eBay, and what does it say.

Whoever listens over HTTP gives the raw body and the header X-EBAY-SIGNATURE to `Notices.read`. Sources:
commerce_notification_v1 (1.6.7), and eBay's own kit for Node.js (event-notification-nodejs-sdk), whose vectors the
tests use. The kit verifies over compact JSON that it writes anew; here the bytes count as they came.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from adapters.ebay.calls import Calls, mapping_of, quoted
from adapters.errors import AdapterError, ChannelUnavailableError, UnknownListingError
from adapters.values import value_object

ACCOUNT_DELETION = "MARKETPLACE_ACCOUNT_DELETION"
SIGNATURE_HEADER = "X-EBAY-SIGNATURE"
_FRESH = 3600.0  # seconds for which a key is kept, as eBay's page on the call advises
_MOST_KEYS = 100  # a stranger may name any key: what is kept of them has an end
_DIGESTS: Mapping[str, Callable[[], HashAlgorithm]] = {"SHA1": SHA1, "SHA256": SHA256}
_LINE = 64


class ForgedNoticeError(Exception):
    """Not from eBay, or changed on its way: to be answered with 412."""


@value_object
class Signature:
    """What the header says. key_id: of the public key to ask eBay for."""

    key_id: str
    value: bytes
    digest: str


@value_object
class PublicKey:
    """A key of eBay's. pem: also on one line, as eBay sends it."""

    pem: str
    algorithm: str
    digest: str


@value_object
class Notice:
    """One notification. id: it may come more than once. data: what its topic says, for closed accounts `username`,
    `userId` and `eiasToken`."""

    id: str
    topic: str
    data: Mapping[str, Any]


def challenge_answer(code: str, verification_token: str, endpoint: str) -> str:
    """What an endpoint answers as `challengeResponse` to prove itself, as hexadecimal text.

    endpoint: the address exactly as it was given to eBay, not as a proxy passes it on.
    """
    return sha256(f"{code}{verification_token}{endpoint}".encode()).hexdigest()


def signature_of(header: str) -> Signature:
    """The header taken apart. Raises ForgedNoticeError for what is none of eBay's."""
    try:
        document = orjson.loads(base64.b64decode(header, validate=True))
        return Signature(
            str(document["kid"]), base64.b64decode(document["signature"], validate=True), str(document["digest"])
        )
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise ForgedNoticeError(f"{SIGNATURE_HEADER} is not a signature of eBay's") from error


def is_genuine(body: bytes, signature: Signature, key: PublicKey) -> bool:
    """Whether the owner of this key signed these very bytes."""
    digest = _DIGESTS.get(key.digest.upper())
    if key.algorithm.upper() != "ECDSA" or digest is None or signature.digest.upper() != key.digest.upper():
        return False
    try:
        public = load_pem_public_key(_pem(key.pem))
        if not isinstance(public, EllipticCurvePublicKey):
            return False
        public.verify(signature.value, body, ECDSA(digest()))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def notice_in(body: bytes) -> Notice:
    """What a notification says. Raises ForgedNoticeError for what is none."""
    try:
        document = orjson.loads(body)
        notification = document["notification"]
        data = notification.get("data")
        return Notice(
            str(notification["notificationId"]),
            str(document["metadata"]["topic"]),
            data if isinstance(data, dict) else {},
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ForgedNoticeError("The body is no notification of eBay's") from error


class PublicKeys:
    """eBay's keys by id, each asked for once an hour. clock: monotonic seconds."""

    def __init__(self, calls: Calls, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._clock = clock
        self._kept: dict[str, tuple[float, PublicKey | UnknownListingError]] = {}

    async def key(self, key_id: str) -> PublicKey:
        """The key. Raises UnknownListingError for one that eBay does not have, AdapterError when it cannot be asked."""
        kept = self._kept.get(key_id)
        if kept is None or self._clock() - kept[0] >= _FRESH:
            kept = (self._clock(), await self._ask(key_id))
            while len(self._kept) >= _MOST_KEYS:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key_id] = kept
        if isinstance(kept[1], AdapterError):
            raise kept[1]
        return kept[1]

    async def _ask(self, key_id: str) -> PublicKey | UnknownListingError:
        try:
            answer = await self._calls.ask(f"/commerce/notification/v1/public_key/{quoted(key_id)}")
        except UnknownListingError as error:
            return error
        body = mapping_of(answer)
        if not body.get("key"):
            raise ChannelUnavailableError("eBay: getPublicKey was answered without a key", status=answer.status)
        return PublicKey(str(body["key"]), str(body.get("algorithm") or ""), str(body.get("digest") or ""))


class Notices:
    """Reads notifications."""

    def __init__(self, keys: PublicKeys) -> None:
        self._keys = keys

    async def read(self, body: bytes, header: str) -> Notice:
        """What a notification says, when eBay signed it.

        Raises ForgedNoticeError when it did not (answer 412), AdapterError when its key could not be had (answer 500,
        so that eBay sends it again).
        """
        signature = signature_of(header)
        try:
            key = await self._keys.key(signature.key_id)
        except UnknownListingError as error:
            raise ForgedNoticeError(f"eBay knows no key {signature.key_id}") from error
        if not is_genuine(body, signature, key):
            raise ForgedNoticeError("The signature does not belong to these bytes")
        return notice_in(body)


def _pem(text: str) -> bytes:
    """A key in lines, as the format wants it: eBay sends it without any."""
    bare = text.replace("-----BEGIN PUBLIC KEY-----", "").replace("-----END PUBLIC KEY-----", "")
    packed = "".join(bare.split())
    lines = [packed[start : start + _LINE] for start in range(0, len(packed), _LINE)]
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""]).encode()
