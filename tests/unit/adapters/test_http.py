"""HTTP for channels: what failures say about the effect, addresses, waits, and that no secret shows."""

from __future__ import annotations

import asyncio
import socket
import struct

import aiohttp
import httpx
import pytest
from aiohttp import client_exceptions
from pydantic import SecretStr

from adapters.errors import (
    AdapterError,
    ChannelHaltedError,
    ChannelUnavailableError,
    ConfigurationError,
    PermanentError,
    TemporaryError,
)
from adapters.exchange import Request
from adapters.http import HttpLimits, check_address, error_from, open_http
from tests.planted import plant
from tests.unit.adapters.wire import ORIGIN, broken_server, make_http, read_request

SECRET = f"v^1.1#i^1#{plant('token')}"
QUICK = HttpLimits(connect=2.0, read=0.2, total=2.0)


def aiohttp_exceptions() -> list[type[Exception]]:
    found = [getattr(client_exceptions, name) for name in client_exceptions.__all__]
    return [one for one in found if isinstance(one, type) and issubclass(one, aiohttp.ClientError)]


def made(kind: type[Exception]) -> Exception:
    """An instance, however many arguments its class wants; none is looked at."""
    return kind.__new__(kind)


def test_there_are_exceptions_to_walk() -> None:
    assert len(aiohttp_exceptions()) > 20


@pytest.mark.parametrize("kind", aiohttp_exceptions())
def test_every_exception_of_the_client_has_a_recovery(kind: type[Exception]) -> None:
    error = error_from(made(kind), Request("POST", ORIGIN))
    assert isinstance(error, TemporaryError | PermanentError | ChannelHaltedError)


@pytest.mark.parametrize(
    ("kind", "unknown"),
    [
        (aiohttp.ClientConnectorError, False),
        (aiohttp.ClientConnectorDNSError, False),
        (aiohttp.ClientConnectorCertificateError, False),
        (aiohttp.ConnectionTimeoutError, False),
        (aiohttp.ClientProxyConnectionError, False),
        (aiohttp.ClientHttpProxyError, False),
        (aiohttp.SocketTimeoutError, True),
        (TimeoutError, True),
        (aiohttp.ServerDisconnectedError, True),
        (aiohttp.ClientOSError, True),
        (aiohttp.ClientConnectionResetError, True),
        (aiohttp.ClientPayloadError, True),
        (aiohttp.ClientResponseError, True),
        (ConnectionResetError, True),
    ],
)
def test_what_a_failure_says_about_the_effect(kind: type[Exception], unknown: bool) -> None:
    write, read = Request("POST", ORIGIN), Request("GET", ORIGIN)
    assert isinstance(error_from(made(kind), write), ChannelUnavailableError)
    assert error_from(made(kind), write).effect_unknown is unknown
    assert error_from(made(kind), read).effect_unknown is False
    assert error_from(made(kind), Request("POST", ORIGIN, harmless=True)).effect_unknown is False


async def send(url: str, limits: HttpLimits = QUICK, method: str = "POST") -> AdapterError:
    """The error that a request to this address ends in, through the real transport."""
    http = open_http({"API_URL": url}, limits)
    try:
        with pytest.raises(AdapterError) as caught:
            await http.send(Request(method, f"{url}/path", body=b"{}", authorization=SecretStr(f"Bearer {SECRET}")))
    finally:
        await http.close()
    assert SECRET not in str(caught.value)
    return caught.value


async def test_nobody_listening_means_no_effect() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        error = await send(f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert isinstance(error, ChannelUnavailableError)
    assert not error.effect_unknown


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_connection_cut_after_the_request_leaves_the_effect_unknown(method: str) -> None:
    """aiohttp would repeat a PUT by itself."""
    requests = []

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await read_request(reader))

    async with broken_server(cut) as url:
        error = await send(url, method=method)
    assert isinstance(error, ChannelUnavailableError)
    assert error.effect_unknown
    assert len(requests) == 1


async def test_a_cut_connection_that_was_used_before_is_not_repeated_by_the_transport() -> None:
    requests = []

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await read_request(reader))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        requests.append(await read_request(reader))

    async with broken_server(answer_once) as url:
        http = open_http({"API_URL": url}, QUICK)
        try:
            assert (await http.send(Request("PUT", url, body=b"1"))).status == 204
            with pytest.raises(ChannelUnavailableError) as caught:
                await http.send(Request("PUT", url, body=b"2"))
        finally:
            await http.close()
    assert caught.value.effect_unknown
    assert len(requests) == 2


async def test_an_answer_cut_in_the_middle_leaves_the_effect_unknown() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()

    async with broken_server(half) as url:
        assert (await send(url)).effect_unknown


async def test_an_answer_reset_in_the_middle_leaves_the_effect_unknown() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        at_once = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)

    async with broken_server(reset) as url:
        assert (await send(url)).effect_unknown


async def test_an_answer_that_is_not_http_leaves_the_effect_unknown() -> None:
    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"220 mail.example.test ESMTP ready\r\n\r\n")
        await writer.drain()

    async with broken_server(garbage) as url:
        error = await send(url)
    assert isinstance(error, ChannelUnavailableError)
    assert error.effect_unknown


async def test_silence_ends_at_the_read_timeout_with_unknown_effect() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await reader.read()

    async with broken_server(silent) as url:
        error = await send(url)
    assert isinstance(error, ChannelUnavailableError)
    assert error.effect_unknown


async def test_an_answer_that_trickles_ends_at_the_total_timeout() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with broken_server(trickle) as url:
        error = await send(url, HttpLimits(read=1.0, total=0.3))
    assert isinstance(error, ChannelUnavailableError)
    assert error.effect_unknown


async def test_an_answer_without_end_is_not_read_whole() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000)
        await writer.drain()

    async with broken_server(endless) as url:
        error = await send(url, HttpLimits(body=1000))
    assert isinstance(error, ChannelUnavailableError)


async def test_addresses_are_sent_as_they_are_written() -> None:
    seen = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    async with broken_server(note) as url:
        http = open_http({"API_URL": url}, QUICK)
        await http.send(Request("POST", f"{url}/item/A%2FB%20%2C%C3%A8?sku=A%2BB"))
        await http.close()
    assert seen[0].startswith(b"POST /item/A%2FB%20%2C%C3%A8?sku=A%2BB HTTP/1.1")
    assert b"content-length: 0" in seen[0].lower()
    assert b"content-type" not in seen[0].lower()


async def test_redirects_are_answers() -> None:
    http = make_http(lambda request: httpx.Response(302, headers={"Location": "https://elsewhere.test"}))
    assert (await http.send(Request("GET", ORIGIN))).status == 302


async def test_nothing_is_sent_to_an_address_it_was_not_opened_for() -> None:
    def never(request: httpx.Request) -> httpx.Response:
        raise AssertionError("a token would have left the house")

    with pytest.raises(ConfigurationError):
        await make_http(never).send(Request("GET", "https://evil.test/", authorization=SecretStr("Bearer x")))


@pytest.mark.parametrize("url", ["https://api.ebay.com", "http://localhost:8701", "http://127.0.0.1", "http://[::1]:1"])
def test_usable_addresses(url: str) -> None:
    assert check_address("EBAY_API_URL", url)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.ebay.com",
        "http://localhost.evil.test",
        "http://127.0.0.1.evil.test",
        "api.ebay.com",
        "ftp://api.ebay.com",
        "https://",
        "",
        "https://user:pass@api.ebay.com",
        "https://api.ebay.com:port",
    ],
)
def test_unusable_addresses_name_the_setting(url: str) -> None:
    with pytest.raises(ConfigurationError, match="EBAY_API_URL") as caught:
        check_address("EBAY_API_URL", url)
    assert "pass" not in str(caught.value).replace("password", "")


async def test_no_cookie_of_one_answer_reaches_the_next_request() -> None:
    seen = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            seen.append(await read_request(reader))
            writer.write(b"HTTP/1.1 204 No Content\r\nSet-Cookie: session=other-seller\r\n\r\n")

    async with broken_server(answer) as url:
        http = open_http({"API_URL": url}, QUICK)
        for _ in range(2):
            await http.send(Request("POST", url, body=b"{}"))
        await http.close()
    assert len(seen) == 2
    assert b"cookie" not in seen[1].lower()


async def test_a_proxy_of_the_environment_is_used_for_far_hosts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async def direct(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    async with broken_server(proxy) as proxy_url, broken_server(direct) as url:
        monkeypatch.setenv("https_proxy", proxy_url)
        monkeypatch.setenv("http_proxy", proxy_url)
        assert not (await send("https://api.example.test")).effect_unknown
        http = open_http({"API_URL": url}, QUICK)
        assert (await http.send(Request("GET", url))).status == 204
        await http.close()
    assert seen[0].startswith(b"CONNECT api.example.test:443")
