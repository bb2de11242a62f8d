"""eBay's notifications: the vendor's own vectors, a challenge, keys that are asked for once."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.ebay.notifications import (
    ACCOUNT_DELETION,
    ForgedNoticeError,
    Notices,
    PublicKey,
    PublicKeys,
    challenge_answer,
    is_genuine,
    signature_of,
)
from adapters.ebay.opening import calls_of
from adapters.errors import ChannelUnavailableError
from adapters.http import open_http
from adapters.sandbox.ebay import Rules, Seller, Serving, serve
from tests.contract.channels import ebay_account
from tests.contract.vendor_schemas import Inspector, specs_folder, vendor_schemas

PRIVATE = generate_private_key(SECP256R1())
PEM = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode().replace("\n", "")
BODY = orjson.dumps(
    {
        "metadata": {"topic": ACCOUNT_DELETION, "schemaVersion": "1.0", "deprecated": False},
        "notification": {"notificationId": "n-1", "data": {"username": "Nèri", "userId": "u", "eiasToken": "e"}},
    }
)


def signed(body: bytes = BODY, key_id: str = "key-1") -> str:
    value = base64.b64encode(PRIVATE.sign(body, ECDSA(SHA1()))).decode()  # noqa: S303  # eBay signs with it
    header = {"alg": "ecdsa", "kid": key_id, "signature": value, "digest": "SHA1"}
    return base64.b64encode(orjson.dumps(header)).decode()


@asynccontextmanager
async def listening(clock: list[float]) -> AsyncIterator[tuple[Notices, Serving]]:
    rules = Rules(public_keys={"key-1": {"key": PEM, "algorithm": "ECDSA", "digest": "SHA1"}})
    inspector = Inspector(vendor_schemas()) if specs_folder().is_dir() else None
    async with serve([Seller()], rules, observer=inspector) as serving:
        account = ebay_account(serving.url, Seller())
        calls = calls_of(account, open_http({"EBAY_API_URL": account.api_url}))
        yield Notices(PublicKeys(calls, lambda: clock[0])), serving
        await calls.close()
    if inspector is not None:
        assert not inspector.found, "\n".join(inspector.found)


def vectors() -> dict[str, Any]:
    path = specs_folder() / "notification_signature_vectors.json"
    if not path.is_file():
        pytest.skip("eBay's vectors are not beside the project; MARKETSYNC_SHARED names their place")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(("name", "genuine"), [("VALID", True), ("INVALID", False), ("SIGNATURE_MISMATCH", False)])
def test_the_vendors_vectors(name: str, genuine: bool) -> None:
    vector = vectors()[name]
    key = PublicKey(vector["response"]["key"], vector["response"]["algorithm"], vector["response"]["digest"])
    body = json.dumps(vector["message"], separators=(",", ":"), ensure_ascii=False).encode()
    signature = signature_of(vector["signature"])
    assert signature.key_id == vectors()["VALID"]["public_key"]
    assert is_genuine(body, signature, key) is genuine


async def test_the_vendors_vector_of_a_key_that_cannot_be_had_is_no_notice() -> None:
    vector = vectors()["ERROR"]
    async with listening([0.0]) as (notices, _):
        with pytest.raises(ForgedNoticeError, match="knows no key"):
            await notices.read(json.dumps(vector["message"]).encode(), vector["signature"])


def test_a_challenge_is_answered_with_the_hash_of_code_token_and_address() -> None:
    code, token = "a8628072-3d33-45ee-9004-bee86830a22d", "71745723-d031-455c-bfa5-f90d11b4f20a"
    expected = "21dc53e3e280daeac3a27e55cfe1dd423906078905f263f8627412f700b92d21"  # by sha256sum
    assert challenge_answer(code, token, "https://shop.example/ebay/deletion") == expected
    assert challenge_answer(code, token, "https://shop.example/ebay/deletion/") != expected


async def test_a_notice_is_read_and_its_key_is_asked_for_once_an_hour() -> None:
    clock = [0.0]
    async with listening(clock) as (notices, serving):
        for _ in range(3):
            await notices.read(BODY, signed())
        notice = await notices.read(BODY, signed())
        assert (notice.id, notice.topic, notice.data["username"]) == ("n-1", ACCOUNT_DELETION, "Nèri")
        assert serving.sandbox.journal.counts["get_key"].calls == 1
        clock[0] += 3600
        await notices.read(BODY, signed())
        assert serving.sandbox.journal.counts["get_key"].calls == 2


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (BODY + b" ", signed()),
        (BODY, signed(BODY + b" ")),
        (BODY, signed(key_id="another")),
        (BODY, "not base64"),
        (BODY, base64.b64encode(b"{}").decode()),
        (b"[]", signed(b"[]")),
        (b"nothing", signed(b"nothing")),
    ],
)
async def test_what_is_not_ebays_is_refused(body: bytes, header: str) -> None:
    async with listening([0.0]) as (notices, _):
        with pytest.raises(ForgedNoticeError):
            await notices.read(body, header)


async def test_a_key_that_cannot_be_asked_for_is_no_forgery_and_is_asked_for_again() -> None:
    async with listening([0.0]) as (notices, serving):
        serving.sandbox.faults.switch_on({"kind": "status", "route": "get_key", "status": 500, "error_id": 195000})
        with pytest.raises(ChannelUnavailableError):
            await notices.read(BODY, signed())
        serving.sandbox.faults.switch_off()
        assert (await notices.read(BODY, signed())).id == "n-1"


@pytest.mark.parametrize("change", [{"algorithm": "RSA"}, {"digest": "MD5"}, {"pem": "-----BEGIN PUBLIC KEY-----AAAA"}])
def test_a_key_of_another_kind_proves_nothing(change: dict[str, str]) -> None:
    fields = {"pem": PEM, "algorithm": "ECDSA", "digest": "SHA1"}
    assert is_genuine(BODY, signature_of(signed()), PublicKey(**fields))
    assert not is_genuine(BODY, signature_of(signed()), PublicKey(**{**fields, **change}))
