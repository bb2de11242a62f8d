"""Signed addresses, as S3 has them: good for some time, for one path, and for an upload with one content type."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from adapters.sandbox.server import Reply, Request

_XML = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'


class Signatures:
    """Signs and checks. clock: seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def signed(self, request: Request, path: str, lifetime: float, content_type: str = "") -> str:
        """An address at the host that was called."""
        expires = str(int(self._clock() + lifetime))
        query = f"X-Amz-Expires={expires}&X-Amz-Signature={_signature(path, expires, content_type)}"
        return f"http://{request.headers.get('host', '')}{path}?{query}"

    def refusal(self, request: Request, content_type: str = "") -> Reply | None:
        """S3's refusal of a call at a signed address; None when it may go. content_type: that it was signed with."""
        path, expires = request.path.partition("?")[0], request.query.get("X-Amz-Expires", "0")
        if "authorization" in request.headers:
            return _refused(400, "InvalidArgument", "Only one auth mechanism allowed")
        sent = request.headers.get("content-type", "") if request.method == "PUT" else ""
        wanted = _signature(path, expires, content_type)
        if request.query.get("X-Amz-Signature") != wanted or sent != content_type:
            words = "The request signature we calculated does not match the signature you provided."
            return _refused(403, "SignatureDoesNotMatch", words)
        if self._clock() >= float(expires):
            return _refused(403, "AccessDenied", "Request has expired")
        return None


def _signature(path: str, expires: str, content_type: str) -> str:
    return sha256(f"{path}\n{expires}\n{content_type}".encode()).hexdigest()


def _refused(status: int, code: str, message: str) -> Reply:
    return Reply(status, _XML.format(code=code, message=message).encode(), {"Content-Type": "application/xml"})
