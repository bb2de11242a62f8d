"""Registry documents become tenants, tenants become streams; one's trouble is nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from consumer.capture.streams import StreamPlan, compare, plan_streams
from consumer.mongo.address import read_address
from consumer.mongo.tenants import Registry, Tenant, understand

HOME = read_address("mongodb://home:1/")
Document = dict[str, Any]


def document(number: int, name: str, status: str = "active", **database: Any) -> Document:
    return {"_id": number, "tenant_id": name, "status": status, "database": database}


def read(*documents: Document, before: Registry | None = None) -> Registry:
    return understand(documents, before or Registry(), home=HOME)


def names(registry: Registry) -> list[str]:
    return [tenant.name for tenant in registry.tenants]


def test_a_document_is_a_tenant() -> None:
    own = "mongodb://me:pass@own/"
    registry = read(
        {"_id": 1, "tenant_id": "a", "status": "active", "name": "A shop", "from_the_future": 1},
        document(2, "b", "pending", mongo_db="shop"),
        document(3, "c", "suspended", mongo_url=own, mongo_db=None),
        document(4, "d", mongo_url="", mongo_db=""),
    )
    assert registry.tenants == [
        Tenant("a", "vinc-a", "active"),
        Tenant("b", "shop", "pending"),
        Tenant("c", "vinc-c", "suspended", SecretStr(own)),
        Tenant("d", "vinc-d", "active"),
    ]
    assert not registry.problems
    assert "pass" not in repr(registry)


BROKEN: list[Document] = [
    {"tenant_id": 7},
    {"tenant_id": ""},
    {"tenant_id": "a/b"},
    {"tenant_id": None},
    {"status": "actve"},
    {"status": None},
    {"status": ["active"]},
    {"database": "shop"},
    {"database": {"mongo_db": 7}},
    {"database": {"mongo_db": "admin"}},
    {"database": {"mongo_db": "a.b"}},
    {"database": {"mongo_url": 7}},
    {"database": {"mongo_url": "mongodb://me:s3cret/@own"}},
]


@pytest.mark.parametrize("slip", BROKEN, ids=repr)
def test_a_slip_is_told_and_the_tenant_stays_as_it_was(slip: Document) -> None:
    before = read(document(1, "a"), document(2, "b"))
    after = read(document(1, "a") | slip, document(2, "b", "suspended"), before=before)
    assert [(tenant.name, tenant.status) for tenant in after.tenants] == [("a", "active"), ("b", "suspended")]
    assert len(after.problems) == 1
    assert "s3cret" not in str(after.problems)
    fresh = read(document(1, "a") | slip, document(2, "b"))
    assert names(fresh) == ["b"], "what was never right is not followed"


def test_two_claims_to_one_name_or_database_are_both_not_believed() -> None:
    before = read(document(1, "a"))
    again = read(document(1, "a"), document(2, "a", mongo_db="other"), before=before)
    assert again.entries == before.entries
    assert "same tenant_id" in again.problems["tenant a"]
    robbed = read(document(1, "a"), document(2, "b", mongo_db="vinc-a"), before=before)
    assert robbed.entries == before.entries
    assert "same database" in robbed.problems["tenant b"]
    by_address = read(
        document(1, "a"), document(2, "b", mongo_db="vinc-a", mongo_url="mongodb://HOME:1"), before=before
    )
    assert by_address.entries == before.entries
    elsewhere = read(document(1, "a"), document(2, "b", mongo_db="vinc-a", mongo_url="mongodb://own"), before=before)
    assert names(elsewhere) == ["a", "b"]
    assert not elsewhere.problems


def test_an_empty_registry_is_an_accident() -> None:
    before = read(document(1, "a"))
    after = read(before=before)
    assert after.entries == before.entries
    assert "no tenants" in after.problems["registry"]
    assert names(read(document(2, "b"), before=before)) == ["b"], "a removed document is meant"


_NAMES = st.sampled_from("abcd")
_URLS = st.sampled_from([None, "mongodb://own/", "mongodb://own:27017/?tls=true", "mongodb://home:1/", "nonsense"])
_DOCUMENTS = st.lists(
    st.builds(
        document,
        st.integers(0, 5),
        _NAMES,
        st.sampled_from(["active", "active", "suspended", "pending", "?"]),
        mongo_db=st.sampled_from([None, "vinc-a", "x", "no.name"]),
        mongo_url=_URLS,
    ),
    max_size=6,
    unique_by=lambda found: found["_id"],
)


@given(st.lists(_DOCUMENTS, max_size=5), st.sets(_NAMES))
def test_whatever_the_registry_says(history: list[list[Document]], only: set[str]) -> None:
    registry = Registry()
    running: dict[str, StreamPlan] = {}
    for documents in history:
        before, registry = registry, understand(documents, registry, home=HOME)
        wanted = plan_streams(registry.tenants, home=HOME, stream="pim", only=only)
        changes = compare(running, wanted)
        followed = [tenant for plan in wanted.values() for tenant in plan.tenants]
        active = {tenant.name for tenant in registry.tenants if tenant.active}

        assert len(followed) == len(set(followed)), "no tenant is in two streams"
        assert set(followed) == (active & only if only else active)
        for plan in wanted.values():
            databases = [database for _, database in plan.databases]
            assert len(databases) == len(set(databases)), "a database has one tenant"
        for found in documents:
            key = repr(found["_id"])
            known = registry.entries.get(key)
            alone = read(found)
            if known is not None and known != before.entries.get(key):
                assert known == alone.entries[key], "nothing is known that neither now nor before was said"
        if documents and not registry.problems:
            assert [t for d in documents for t in read(d).tenants] == [
                registry.entries[repr(d["_id"])] for d in documents
            ]
        if not documents:
            assert registry.entries == before.entries

        for name in changes.stop:
            del running[name]
        for plan in (*changes.start, *changes.reopen):
            running[plan.name] = plan
        assert running == wanted
        assert compare(running, wanted) == compare({}, {}), "nothing is done twice"


def test_tenants_of_the_same_servers_share_a_stream_whatever_their_passwords() -> None:
    def own(name: str, url: str) -> Tenant:
        return Tenant(name, f"vinc-{name}", "active", SecretStr(url))

    plans = plan_streams(
        [
            own("a", "mongodb://me:one@own/"),
            own("b", "mongodb://me:two@own/"),
            own("c", "mongodb://you:one@own/"),
            own("d", "mongodb://home:1/?retryReads=true"),
            Tenant("e", "vinc-e", "active"),
        ],
        home=HOME,
        stream="pim",
    )
    assert sorted(plan.tenants for plan in plans.values()) == [("a", "b"), ("c",), ("d", "e")]
    assert plans["pim"] == StreamPlan("pim", (("d", "vinc-d"), ("e", "vinc-e")), "home:1")
    (shared,) = (plan for plan in plans.values() if "a" in plan.tenants)
    assert len(shared.addresses) == 2
    (rotated,) = plan_streams([own("a", "mongodb://me:three@own/")], home=HOME, stream="pim").values()
    assert rotated.name == shared.name, "a new password is no new stream"
    assert "two" not in repr(plans)


def test_what_joins_and_leaves_is_named() -> None:
    old = {"pim": StreamPlan("pim", (("a", "x"), ("b", "y")))}
    new = {"pim": StreamPlan("pim", (("b", "y"),)), "pim-1": StreamPlan("pim-1", (("c", "z"),))}
    changes = compare(old, new)
    assert (changes.joined, changes.left) == (("c",), ("a",))
    assert [plan.name for plan in changes.start] == ["pim-1"]
    assert [plan.name for plan in changes.reopen] == ["pim"]
    assert compare(new, {}).stop == ("pim", "pim-1")
