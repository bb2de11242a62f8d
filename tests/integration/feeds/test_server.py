"""Files over HTTP: whole, compressed or not, to those who know the address, and to not too many at once."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx

from consumer.feeds.server import FeedApp
from consumer.feeds.serving import serve
from consumer.health import Registry
from consumer.metrics.feeds import feed_metrics
from consumer.mongo import connect_async
from tests.integration.feeds.conftest import World, make_item
from tests.waiting import eventually


@dataclass
class Served:
    client: httpx.AsyncClient
    port: int
    registry: Registry
    path: str


@asynccontextmanager
async def serving(world: World, *, downloads: int = 8, patience: float = 30) -> AsyncIterator[Served]:
    registry = Registry()
    async with connect_async(world.uri) as mongo:
        app = FeedApp(mongo[world.database.name], feed_metrics(registry), downloads=downloads, patience=patience)
        async with serve(app, "127.0.0.1", 0, downloads=downloads) as at, httpx.AsyncClient(base_url=at) as client:
            path = f"/feeds/{world.state().token}/trovaprezzi.xml"
            yield Served(client, int(at.rpartition(":")[2]), registry, path)


async def put_large(world: World, mark: str = "A") -> None:
    """Items that make a file of some megabytes."""
    items = [make_item(f"{mark}-{number:04}") for number in range(200)]
    await world.put(*(replace(one, body=one.body.replace(b"<Name>", b"<Name>" + b"x" * 40_000)) for one in items))


async def test_the_file_is_there_for_those_who_know_the_address(world: World) -> None:
    await world.put(make_item("A"), make_item("B"))
    world.build()
    async with serving(world) as served:
        plain = await served.client.get(served.path, headers={"accept-encoding": "identity"})
        assert (plain.status_code, plain.text) == (200, world.file())
        compressed = await served.client.get(served.path)
        assert compressed.headers["content-encoding"] == "gzip"
        assert compressed.text == world.file()
        packed = await served.client.get(f"{served.path}.gz")
        assert gzip.decompress(packed.content).decode() == world.file()
        head = await served.client.head(served.path, headers={"accept-encoding": "identity"})
        assert (head.content, head.headers["content-length"]) == (b"", plain.headers["content-length"])
        known = await served.client.get(served.path, headers={"if-none-match": compressed.headers["etag"]})
        assert (known.status_code, known.content) == (304, b"")


async def test_anybody_else_finds_nothing(world: World) -> None:
    await world.put(make_item("A"))
    async with serving(world) as served:
        assert (await served.client.get(served.path)).status_code == 404  # nothing is published yet
        world.build()
        token = world.state().token
        for path in (
            "/",
            "/feeds/",
            f"/feeds/{token}",
            f"/feeds/{token}/other.xml",
            f"/feeds/{token[:-1]}/trovaprezzi.xml",
        ):
            assert (await served.client.get(path)).status_code == 404
        refused = await served.client.post(served.path)
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


async def test_whoever_is_reading_when_the_file_is_swapped_gets_the_one_he_began(world: World) -> None:
    await put_large(world)
    world.build()
    before = world.file()
    async with (
        serving(world) as served,
        served.client.stream("GET", served.path, headers={"accept-encoding": "identity"}) as answer,
    ):
        chunks = answer.aiter_bytes()
        got = await anext(chunks)
        await world.put(make_item("B"))
        world.build()
        world.builder().store.clean(world.key)
        async for chunk in chunks:
            got += chunk
    assert got.decode() == before
    assert world.file() != before


async def test_no_more_read_at_once_than_are_allowed_and_a_place_is_free_again(world: World) -> None:
    await put_large(world)
    world.build()
    async with serving(world, downloads=1) as served:
        async with served.client.stream("GET", served.path, headers={"accept-encoding": "identity"}) as first:
            assert first.status_code == 200
            refused = await served.client.get(served.path)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")

        async def free() -> bool:
            return (await served.client.head(served.path)).status_code == 200

        await eventually(free, 10)
        assert served.registry.get_sample_value("marketsync_feed_downloads_open") == 0


async def test_whoever_does_not_read_is_cut_off(world: World) -> None:
    await put_large(world)
    world.build()
    async with serving(world, downloads=1, patience=0.2) as served:
        _, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1024)
        writer.write(f"GET {served.path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())

        async def free() -> bool:
            return (await served.client.head(served.path)).status_code == 200

        await eventually(lambda: served.registry.get_sample_value("marketsync_feed_downloads_open") == 1, 10)
        await eventually(free, 10)
        writer.close()
