"""What MongoDB's connection strings say, read without the driver, whose complaints quote parts of them.

A string that could be read in two ways is refused: a password with a reserved character in it would be taken for a
host or a port, and come out in the first "cannot connect".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from consumer.errors import MarketsyncError

_URL = re.compile(
    r"mongodb(?P<srv>\+srv)?://((?P<who>[^@/?#]*)@)?(?P<hosts>[^@/?#]+)(/(?P<path>[^@?#/]*)(\?(?P<options>[^@#]*))?)?"
)
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_USER = re.compile(r"[^:,\[\]]+(:[^:,\[\]]*)?")
_DEFAULT_PORT = ":27017"


class AddressError(MarketsyncError):
    """It is no connection string. The message quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class ClusterAddress:
    """Which servers, as whom; nothing secret. Equal ones see the same data with the same rights.

    hosts: sorted, with ports. source: the database that knows the user.
    """

    hosts: tuple[str, ...]
    user: str
    source: str

    def __str__(self) -> str:
        return ",".join(self.hosts)


def read_address(url: str) -> ClusterAddress:
    """Raises AddressError."""
    found = _URL.fullmatch(url)
    if found is None:
        raise AddressError(
            "it is not of the form mongodb://user:password@host:port/; reserved characters in user and password have"
            " to be percent-encoded"
        )
    hosts = found["hosts"].lower().split(",")
    if not all(_HOST.fullmatch(host) for host in hosts) or (found["who"] and not _USER.fullmatch(found["who"])):
        raise AddressError("hosts, user or password are not well formed; percent-encode reserved characters")
    if not found["srv"]:
        hosts = [host if re.search(r":[0-9]+$", host) else host + _DEFAULT_PORT for host in hosts]
    options = parse_qs(found["options"] or "")
    source = (options.get("authSource") or [found["path"] or "admin"])[0]
    user = unquote((found["who"] or "").partition(":")[0])
    return ClusterAddress(tuple(sorted(hosts)), user, source if user else "")
