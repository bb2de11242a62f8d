"""Times as people type them: a moment, or how long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from consumer.errors import SettingsError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def moment(text: str, option: str, now: float) -> float:
    """Seconds since 1970. text: ISO 8601, UTC where it has no offset, or a time ago such as 90m, 12h, 3d.

    Raises SettingsError naming the option.
    """
    ago = re.fullmatch(r"(\d+)([smhdw])", text)
    if ago:
        return now - int(ago[1]) * _UNITS[ago[2]]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f"{option}: {text!r} is no time. Write 2026-11-23T14:00 (UTC), 2026-11-23T14:00+01:00, or how long ago:"
            " 90m, 12h, 3d"
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
