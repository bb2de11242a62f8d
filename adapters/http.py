"""HTTP for channels: one request out, one answer in, every failure as an `AdapterError`.

The only module that knows an HTTP client. It never repeats a request, follows a redirect, keeps a cookie or sends to
an address it was not opened for, and nothing it raises or shows contains a credential.

What a failure says about the effect matters most here: where the request cannot have reached the channel
(no connection was made), the effect is known not to have happened; where it may have (cut or silent
connections), a write has an unknown effect.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import ip_address

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from adapters.errors import AdapterError, ChannelUnavailableError, ConfigurationError, PermanentError
from adapters.exchange import Answer, Request, retry_after
from adapters.redaction import redacted


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bounds of one client. Durations in seconds, sizes in bytes.

    connect: to open a connection; read: silence between two pieces of an answer, long because publishing 25 listings in
    one call is not quick; total: the whole exchange.
    connections: open at once. keepalive: idle time after which one is closed, below what load balancers allow, since
    a request into a connection that the other side is closing has an unknown effect. body: longest answer read.
    """

    connect: float = 5.0
    read: float = 60.0
    total: float = 120.0
    connections: int = 32
    keepalive: float = 15.0
    body: int = 32_000_000


DEFAULT_LIMITS = HttpLimits()


class HttpClient:
    """Sends requests to the addresses it was opened for. One instance serves one event loop.

    wall_clock: seconds since 1970, read for Retry-After dates only.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        origins: frozenset[str],
        limits: HttpLimits = DEFAULT_LIMITS,
        *,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._origins = origins
        self._limits = limits
        self._wall_clock = wall_clock

    async def send(self, request: Request) -> Answer:
        """Send once. Any status is an answer; raises AdapterError when there is none."""
        if _origin(request.url) not in self._origins:
            raise ConfigurationError(f"{_origin(request.url)} is not an address of this account")
        try:
            async with asyncio.timeout(self._limits.total):
                return await self._exchange(request)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError) as error:
            raise error_from(error, request) from error
        except (aiohttp.ClientError, OSError) as error:  # what the transport forgets to translate; TimeoutError too
            raise error_from(httpx.ReadError(type(error).__name__), request) from error

    async def _exchange(self, request: Request) -> Answer:
        headers = dict(request.headers)
        if request.authorization is not None:
            headers["Authorization"] = request.authorization.get_secret_value()
        built = self._client.build_request(request.method, request.url, headers=headers, content=request.body or None)
        response = await self._client.send(built, stream=True)
        try:
            body = await self._body(response)
        finally:
            await response.aclose()
        return Answer(
            status=response.status_code,
            headers=response.headers,
            body=body,
            retry_after=retry_after(response.headers, self._wall_clock()),
            hidden=request.hidden(),
        )

    async def _body(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > self._limits.body:
                raise httpx.ReadError(f"answer longer than {self._limits.body} bytes")
        return bytes(body)

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._client.aclose()


def open_http(addresses: Mapping[str, str], limits: HttpLimits = DEFAULT_LIMITS) -> HttpClient:
    """A client for an account's addresses: name of the setting -> URL.

    Certificates and proxies come from the usual variables (SSL_CERT_FILE, SSL_CERT_DIR, HTTPS_PROXY, NO_PROXY).
    Raises ConfigurationError naming the setting when an address is not https (http: this machine only).
    """
    origins = frozenset(check_address(setting, url) for setting, url in addresses.items())
    client = httpx.AsyncClient(
        transport=_transport(limits, proxy=None),
        mounts={origin: _transport(limits, proxy=proxy) for origin in origins if (proxy := _proxy_for(origin))},
        timeout=httpx.Timeout(limits.read, connect=limits.connect, pool=limits.total),
        follow_redirects=False,
        trust_env=False,  # proxies are resolved above; nothing else of the environment may reach a request
        headers={"User-Agent": "marketsync"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )
    return HttpClient(client, origins, limits)


def check_address(setting: str, url: str) -> str:
    """The origin of a usable address. Raises ConfigurationError naming the setting."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ConfigurationError(f"{setting}: {error}. Give an address like https://api.example.com") from error
    if not parsed.host or parsed.scheme not in ("http", "https"):
        raise ConfigurationError(f"{setting} must be an address like https://api.example.com")
    if parsed.userinfo:
        raise ConfigurationError(f"{setting} must not contain a user name or password")
    if parsed.scheme == "http" and not _is_loopback(parsed.host):
        raise ConfigurationError(f"{setting} must start with https:// (http is allowed for this machine only)")
    return _origin(url)


@dataclass(frozen=True, slots=True)
class _Failure:
    error: type[AdapterError]
    reached: bool  # whether the request may have arrived
    words: str


_NOT_CONNECTED = _Failure(ChannelUnavailableError, False, "could not be reached")
_SILENT = _Failure(ChannelUnavailableError, True, "did not answer in time")
_CUT = _Failure(ChannelUnavailableError, True, "cut the connection before its answer was complete")
_GARBLED = _Failure(ChannelUnavailableError, True, "answered something that is not HTTP")
_BUG = _Failure(PermanentError, False, "was called wrongly (a bug in marketsync)")

# Most specific class wins. A test walks httpx's exceptions and fails when one is in no branch.
FAILURES: Mapping[type[Exception], _Failure] = {
    httpx.HTTPError: _CUT,
    httpx.HTTPStatusError: _GARBLED,
    httpx.TimeoutException: _SILENT,
    httpx.ConnectTimeout: _NOT_CONNECTED,
    httpx.PoolTimeout: _Failure(ChannelUnavailableError, False, "was not called: all connections are busy"),
    httpx.NetworkError: _CUT,
    httpx.ConnectError: _NOT_CONNECTED,
    httpx.ProxyError: _Failure(ChannelUnavailableError, False, "could not be reached through the proxy"),
    httpx.RemoteProtocolError: _GARBLED,
    httpx.LocalProtocolError: _BUG,
    httpx.DecodingError: _GARBLED,
    httpx.UnsupportedProtocol: _Failure(ConfigurationError, False, "has an address that is not HTTP"),
    httpx.TooManyRedirects: _Failure(ConfigurationError, True, "redirects without end: check the address"),
    httpx.InvalidURL: _Failure(ConfigurationError, False, "has an unusable address"),
    httpx.CookieConflict: _BUG,
    httpx.StreamError: _BUG,
}


def error_from(error: Exception, request: Request) -> AdapterError:
    """The recovery for an exception of httpx."""
    failure = next(FAILURES[kind] for kind in _kind_of(error).__mro__ if kind in FAILURES)
    host = httpx.URL(request.url).host if failure.error is not ConfigurationError else "The channel"
    return failure.error(
        redacted(f"{host} {failure.words} ({type(error).__name__})", request.hidden()),
        effect_unknown=failure.reached and request.writes,
    )


def _kind_of(error: Exception) -> type[Exception]:
    """httpx-aiohttp 0.2 calls every lost connection a ConnectTimeout, also one that was cut after the request."""
    cause = error.__cause__
    never_connected = isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
    if isinstance(error, httpx.ConnectTimeout) and isinstance(cause, aiohttp.ClientError) and not never_connected:
        return httpx.ReadError
    return type(error)


async def _without_hidden_repeat(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """aiohttp repeats PUT and DELETE by itself after a cut connection, so a first one could land unnoticed later."""
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientPayloadError(type(error).__name__) from error


def _transport(limits: HttpLimits, *, proxy: str | None) -> AiohttpTransport:
    """aiohttp's connection pool under httpx: httpx's own takes time quadratic in open connections."""

    def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=limits.connections, keepalive_timeout=limits.keepalive, ssl=_certificates()
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=(_without_hidden_repeat,),
        )

    return AiohttpTransport(verify=_certificates(), proxy=httpx.Proxy(proxy) if proxy else None, client=session)


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Shared by all accounts: reading the certificates takes tens of milliseconds."""
    return httpx.create_ssl_context()


def _proxy_for(origin: str) -> str | None:
    url = httpx.URL(origin)
    if _is_loopback(url.host) or urllib.request.proxy_bypass(url.host):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get(url.scheme) or proxies.get("all")


def _origin(url: str) -> str:
    parsed = httpx.URL(url)
    return f"{parsed.scheme}://{parsed.netloc.decode()}"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
