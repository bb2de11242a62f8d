"""A cursor is asked for more where it lives, also behind several routers."""

from __future__ import annotations

from pymongo.hello import Hello
from pymongo.server_description import ServerDescription

from consumer.mongo import one_router


def server(port: int, **hello: object) -> ServerDescription:
    """As the driver sees a server that answered so."""
    return ServerDescription(("mongo.example", port), Hello({"ok": 1, "maxWireVersion": 17, **hello}))


def router(port: int) -> ServerDescription:
    return server(port, msg="isdbgrid")


def test_of_several_routers_it_is_always_the_same() -> None:
    first, second, third = router(27017), router(27018), router(27019)
    assert one_router([third, second, first]) == one_router([first, third]) == [first]


def test_another_router_is_taken_when_that_one_is_away() -> None:
    assert one_router([router(27019), router(27018)]) == [router(27018)]


def test_members_of_a_replica_set_are_left_to_the_driver() -> None:
    members = [server(port, setName="rs", hosts=[], isWritablePrimary=port == 27018) for port in (27018, 27017)]
    assert one_router(members) == members
    assert one_router([]) == []
