"""Tools that check what is deployed: those on the path, or those that `make check-deployment` built."""

from __future__ import annotations

import shutil
from pathlib import Path

_BUILT = Path(__file__).parents[2] / "build" / "tools"


def found(name: str) -> Path | None:
    """Where the tool is; None where there is none."""
    place = shutil.which(name, path=str(_BUILT)) or shutil.which(name)
    return Path(place) if place else None
