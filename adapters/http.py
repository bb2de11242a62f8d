"""HTTP for channels: one request out, one answer in, every failure as an `AdapterError`.

The only module that knows an HTTP client. It never repeats a request, follows a redirect, keeps a cookie or sends to
an address it was not opened for, and nothing it raises or shows contains a credential.

What a failure says about the effect matters most here: where the request cannot have reached the channel
(no connection was made), the effect is known not to have happened; where it may have (cut or silent
connections), a write has an unknown effect.
"""

from __future__ import annotations

import functools
import ssl
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import NamedTuple, Protocol
from urllib.parse import SplitResult, urlsplit

import aiohttp
import certifi
from yarl import URL

from adapters.errors import AdapterError, ChannelUnavailableError, ConfigurationError
from adapters.exchange import Answer, Request, retry_after
from adapters.listening import Exchange, ear
from adapters.redaction import redacted


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bounds of one client. Durations in seconds, sizes in bytes.

    connect: to open a connection; read: silence between two pieces of an answer, long because publishing 25 listings in
    one call is not quick; total: the whole exchange, waiting for a free connection included.
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


class Reply(NamedTuple):
    """What came over the wire. headers: looked up whatever their case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Sends one request once. Raises aiohttp.ClientError and OSError (TimeoutError too)."""

    async def exchange(self, request: Request, headers: Mapping[str, str]) -> Reply:
        """The answer, whatever its status. headers: those of the request and its authorization."""

    async def close(self) -> None:
        """Close all connections. Idempotent."""


class HttpClient:
    """Sends requests to the addresses it was opened for. One instance serves one event loop.

    domains: every https host below one of these is such an address too. wall_clock: seconds since 1970, read for
    Retry-After dates only.
    """

    def __init__(
        self,
        transport: Transport,
        origins: frozenset[str],
        *,
        domains: frozenset[str] = frozenset(),
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._transport = transport
        self._origins = origins
        self._domains = domains
        self._wall_clock = wall_clock

    async def send(self, request: Request) -> Answer:
        """Send once. Any status is an answer; raises AdapterError when there is none."""
        if (origin := _origin(request.url)) not in self._origins and not _is_below(origin, self._domains):
            raise ConfigurationError(f"{origin} is not an address of this account")
        headers = dict(request.headers)
        headers.update((name, secret.get_secret_value()) for name, secret in request.secret_headers.items())
        if request.authorization is not None:
            headers["Authorization"] = request.authorization.get_secret_value()
        hear, begun = ear(), self._wall_clock()
        try:
            reply = await self._transport.exchange(request, headers)
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
            failure = error_from(error, request)
            if hear is not None:
                hear(Exchange(request, None, begun, self._wall_clock() - begun, failure))
            raise failure from error
        now = self._wall_clock()
        answer = Answer(
            status=reply.status,
            headers=reply.headers,
            body=reply.body,
            retry_after=retry_after(reply.headers, now),
            hidden=request.hidden(),
        )
        if hear is not None:
            hear(Exchange(request, answer, begun, now - begun))
        return answer

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._transport.close()


def open_http(
    addresses: Mapping[str, str], limits: HttpLimits = DEFAULT_LIMITS, *, domains: frozenset[str] = frozenset()
) -> HttpClient:
    """A client for an account's addresses: name of the setting -> URL. Connects on first use.

    domains: where the channel keeps files whose addresses it tells call by call, e.g. "amazonaws.com".
    Certificates and proxies come from the usual variables (SSL_CERT_FILE, SSL_CERT_DIR, HTTPS_PROXY, NO_PROXY).
    Raises ConfigurationError naming the setting when an address is not https (http: this machine only).
    """
    origins = frozenset(check_address(setting, url) for setting, url in addresses.items())
    return HttpClient(AiohttpTransport(limits, functools.cache(_proxy_for)), origins, domains=domains)


def check_address(setting: str, url: str) -> str:
    """The origin of a usable address. Raises ConfigurationError naming the setting."""
    try:
        parsed = urlsplit(url)
        _ = parsed.port  # raises for one that is no number
    except ValueError as error:
        raise ConfigurationError(f"{setting}: {error}. Give an address like https://api.example.com") from error
    if not parsed.hostname or parsed.scheme not in ("http", "https"):
        raise ConfigurationError(f"{setting} must be an address like https://api.example.com")
    if parsed.username is not None or parsed.password is not None:
        raise ConfigurationError(f"{setting} must not contain a user name or password")
    if parsed.scheme == "http" and not _is_loopback(parsed.hostname):
        raise ConfigurationError(f"{setting} must start with https:// (http is allowed for this machine only)")
    return _origin(url)


class AiohttpTransport:
    """aiohttp's connection pool. limits: see HttpLimits. proxy_for: origin -> address of its proxy, if it has one."""

    def __init__(self, limits: HttpLimits, proxy_for: Callable[[str], str | None]) -> None:
        self._limits = limits
        self._proxy_for = proxy_for
        self._session: aiohttp.ClientSession | None = None

    async def exchange(self, request: Request, headers: Mapping[str, str]) -> Reply:
        """See Transport."""
        if self._session is None:
            self._session = self._open()
        async with self._session.request(
            request.method,
            URL(request.url, encoded=True),  # as written: quoting it again would change a SKU with a slash
            headers=headers,
            data=request.body or None,
            allow_redirects=False,
            proxy=self._proxy_for(_origin(request.url)),
        ) as response:
            return Reply(response.status, response.headers, await self._body(response))

    async def close(self) -> None:
        """See Transport."""
        if self._session is not None:
            await self._session.close()

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for piece in response.content.iter_any():
            body += piece
            if len(body) > self._limits.body:
                raise aiohttp.ClientPayloadError(f"answer longer than {self._limits.body} bytes")
        return bytes(body)

    def _open(self) -> aiohttp.ClientSession:
        limits = self._limits
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=limits.connections, keepalive_timeout=limits.keepalive, ssl=_certificates()
            ),
            timeout=aiohttp.ClientTimeout(total=limits.total, sock_connect=limits.connect, sock_read=limits.read),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "marketsync"},
            skip_auto_headers=("Content-Type",),
            middlewares=(_without_hidden_repeat,),
            trust_env=False,  # proxies are resolved before; nothing else of the environment may reach a request
        )


@dataclass(frozen=True, slots=True)
class _Failure:
    error: type[AdapterError]
    reached: bool  # whether the request may have arrived
    words: str


_NOT_CONNECTED = _Failure(ChannelUnavailableError, False, "could not be reached")
_NO_PROXY = _Failure(ChannelUnavailableError, False, "could not be reached through the proxy")
_SILENT = _Failure(ChannelUnavailableError, True, "did not answer in time")
_CUT = _Failure(ChannelUnavailableError, True, "cut the connection before its answer was complete")
_GARBLED = _Failure(ChannelUnavailableError, True, "answered something that is not HTTP")
_UNUSABLE = _Failure(ConfigurationError, False, "has an unusable address")

# Most specific class wins. A test walks aiohttp's exceptions and fails when one is in no branch.
FAILURES: Mapping[type[Exception], _Failure] = {
    aiohttp.ClientError: _CUT,
    OSError: _CUT,
    TimeoutError: _SILENT,
    aiohttp.ServerTimeoutError: _SILENT,
    aiohttp.ConnectionTimeoutError: _NOT_CONNECTED,  # waiting for a free connection too
    aiohttp.ClientConnectorError: _NOT_CONNECTED,
    aiohttp.ServerFingerprintMismatch: _NOT_CONNECTED,
    aiohttp.ClientProxyConnectionError: _NO_PROXY,
    aiohttp.ClientHttpProxyError: _NO_PROXY,
    aiohttp.ClientResponseError: _GARBLED,
    aiohttp.TooManyRedirects: _Failure(ConfigurationError, True, "redirects without end: check the address"),
    aiohttp.InvalidURL: _UNUSABLE,
    aiohttp.NonHttpUrlClientError: _UNUSABLE,
}


def error_from(error: Exception, request: Request) -> AdapterError:
    """The recovery for an exception of aiohttp or of the operating system."""
    failure = next(FAILURES[kind] for kind in type(error).__mro__ if kind in FAILURES)
    host = urlsplit(request.url).hostname if failure.error is not ConfigurationError else "The channel"
    return failure.error(
        redacted(f"{host} {failure.words} ({type(error).__name__})", request.hidden()),
        effect_unknown=failure.reached and request.writes,
    )


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


@functools.cache
def _certificates() -> ssl.SSLContext:
    """The system's and those of SSL_CERT_FILE and SSL_CERT_DIR, and a list of our own for systems that have none.

    Shared by all accounts: reading them takes tens of milliseconds.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _proxy_for(origin: str) -> str | None:
    parsed = urlsplit(origin)
    host = parsed.hostname or ""
    if _is_loopback(host) or urllib.request.proxy_bypass(host):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get(parsed.scheme) or proxies.get("all")


def _origin(url: str) -> str:
    """Scheme, host and port, as a text to compare; what cannot be parsed is no origin of ours."""
    try:
        parsed: SplitResult = urlsplit(url)
    except ValueError:
        return url
    return f"{parsed.scheme}://{parsed.netloc.lower()}"


def _is_below(origin: str, domains: frozenset[str]) -> bool:
    """Whether this is an https address on the usual port of a host below one of these domains."""
    host = origin.removeprefix("https://")
    return host != origin and any(host.endswith(f".{domain}") for domain in domains)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
