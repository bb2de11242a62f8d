"""Connection strings are read as the driver reads them, and what is doubtful is refused without quoting it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo.uri_parser import parse_uri

from consumer.mongo.address import AddressError, ClusterAddress, read_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mongodb://h", ClusterAddress(("h:27017",), "", "")),
        ("mongodb://B:1,a:2/x?replicaSet=rs0", ClusterAddress(("a:2", "b:1"), "", "")),
        ("mongodb://me:p%40ss@h/", ClusterAddress(("h:27017",), "me", "admin")),
        ("mongodb://me:pass@h/shop", ClusterAddress(("h:27017",), "me", "shop")),
        ("mongodb://me:pass@h/shop?tls=true&authSource=users", ClusterAddress(("h:27017",), "me", "users")),
        ("mongodb+srv://me:pass@cluster.example.net/", ClusterAddress(("cluster.example.net",), "me", "admin")),
        ("mongodb://[::1]:7,[::2]", ClusterAddress(("[::1]:7", "[::2]:27017"), "", "")),
    ],
)
def test_it_says_which_servers_and_who(url: str, address: ClusterAddress) -> None:
    assert read_address(url) == address


def test_a_new_password_is_the_same_place() -> None:
    assert read_address("mongodb://me:old@h:1/") == read_address("mongodb://me:new@h:1/")
    assert read_address("mongodb://me:old@h:1/") != read_address("mongodb://you:old@h:1/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:27017",
        "postgres://me:pass@h/",
        "mongodb://",
        "mongodb://me:12/3s3cret@h/",
        "mongodb://me:12?3s3cret@h/",
        "mongodb://me:s3c#ret@h/",
        "mongodb://me:s3c@ret@h/",
        "mongodb://me:s3cret:more@h/",
        "mongodb://h:s3cret/",
        "mongodb://a b/",
    ],
)
def test_what_could_leak_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(AddressError) as failure:
        read_address(url)
    assert "s3c" not in str(failure.value)


@given(
    st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,8}(:[1-9][0-9]{0,3})?", fullmatch=True), min_size=1, max_size=3),
    st.from_regex(r"([a-z]{1,5}:[A-Za-z0-9%]{0}[a-z0-9]{1,8}@)?", fullmatch=True),
)
def test_the_driver_sees_the_same_servers_and_user(hosts: list[str], who: str) -> None:
    url = f"mongodb://{who}{','.join(hosts)}/"
    driver = parse_uri(url)
    address = read_address(url)
    assert sorted(f"{host}:{port}" for host, port in driver["nodelist"]) == sorted(address.hosts)
    assert (driver["username"] or "") == address.user
