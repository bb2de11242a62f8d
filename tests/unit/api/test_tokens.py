"""Whose tokens are believed, and for what."""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from consumer.api.problem import ApiError
from consumer.api.tokens import Role, TokenRules, Tokens

SECRET = "a secret of this test that is long enough"
RULES = TokenRules(SECRET, "marketsync", "https://id.example.test", "tenant", "roles")
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())


class KeySet(jwt.PyJWKClient):
    """A key set that is there without a network; `rotate` replaces it."""

    def __init__(self) -> None:
        super().__init__("https://id.example.test/keys", cache_jwk_set=False)
        self.keys: dict[str, Any] = {"one": RSA, "two": EC}

    def fetch_data(self) -> Any:
        makers: dict[str, Any] = {"one": jwt.algorithms.RSAAlgorithm, "two": jwt.algorithms.ECAlgorithm}
        return {
            "keys": [
                {**json.loads(makers[kid].to_jwk(key.public_key())), "kid": kid, "use": "sig"}
                for kid, key in self.keys.items()
            ]
        }


def claims(**changes: Any) -> dict[str, Any]:
    made = {
        "sub": "anna",
        "aud": "marketsync",
        "iss": "https://id.example.test",
        "exp": time.time() + 600,
        "tenant": "acme",
        "roles": ["operator"],
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def hs(**changes: Any) -> str:
    return jwt.encode(claims(**changes), SECRET, "HS256")


async def test_a_token_says_who_for_which_tenant_in_which_roles() -> None:
    person = await Tokens(RULES, None).person(hs())
    assert (person.name, person.tenant, person.who) == ("anna", "acme", "api:anna")
    assert person.may(Role.VIEWER)
    assert person.may(Role.OPERATOR)
    assert not person.may(Role.ADMIN)


async def test_roles_may_be_one_string_and_unknown_ones_give_nothing() -> None:
    assert (await Tokens(RULES, None).person(hs(roles="viewer billing"))).roles == {Role.VIEWER}
    assert (await Tokens(RULES, None).person(hs(roles={"admin": True}))).roles == frozenset()
    assert (await Tokens(RULES, None).person(hs(roles=None))).roles == frozenset()


@pytest.mark.parametrize(
    "token",
    [
        "rubbish",
        "",
        hs(exp=time.time() - 100),
        hs(exp=None),
        hs(sub=None),
        hs(aud="somebody-else"),
        hs(iss="https://elsewhere.example.test"),
        hs(nbf=time.time() + 600),
        hs(tenant=None),
        hs(tenant=""),
        hs(tenant=["acme"]),
        jwt.encode(claims(), "another secret, which is just as long as it", "HS256"),
        jwt.encode(claims(), "", "none"),
        jwt.encode(claims(), SECRET * 2, "HS512"),
        jwt.encode(claims(), RSA, "RS256", headers={"kid": "one"}),
    ],
)
async def test_everything_else_is_refused(token: str) -> None:
    with pytest.raises(ApiError) as refused:
        await Tokens(RULES, None).person(token)
    assert refused.value.status == 401
    assert refused.value.headers == {"WWW-Authenticate": "Bearer"}


@pytest.mark.parametrize(("key", "algorithm", "kid"), [(RSA, "RS256", "one"), (EC, "ES256", "two")])
async def test_keys_of_a_set_are_believed_and_a_replaced_one_no_longer(key: Any, algorithm: str, kid: str) -> None:
    keys = KeySet()
    tokens = Tokens(RULES, keys)
    signed = jwt.encode(claims(), key, algorithm, headers={"kid": kid})
    assert (await tokens.person(signed)).tenant == "acme"
    keys.keys = {"one": rsa.generate_private_key(65537, 2048), "two": ec.generate_private_key(ec.SECP256R1())}
    with pytest.raises(ApiError) as refused:
        await tokens.person(signed)
    assert refused.value.status == 401


async def test_a_public_key_is_never_a_secret() -> None:
    public = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    parts = [{"alg": "HS256", "kid": "one"}, claims()]
    signed = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    signature = base64.urlsafe_b64encode(hmac.digest(public, signed, "sha256")).rstrip(b"=")
    forged = (signed + b"." + signature).decode()
    for rules in (RULES, TokenRules("", "marketsync", "", "tenant", "roles")):
        with pytest.raises(ApiError) as refused:
            await Tokens(rules, KeySet()).person(forged)
        assert refused.value.status == 401


async def test_a_key_set_that_cannot_be_read_is_no_fault_of_the_token() -> None:
    class Away(KeySet):
        def fetch_data(self) -> Any:
            raise jwt.PyJWKClientConnectionError("no answer")

    with pytest.raises(ApiError) as failed:
        await Tokens(RULES, Away()).person(jwt.encode(claims(), RSA, "RS256", headers={"kid": "one"}))
    assert failed.value.status == 503
