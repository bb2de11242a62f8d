"""What many routes are asked with."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

Code = Annotated[str, Path(description="The product's entity code.", min_length=1, max_length=200)]
Channel = Annotated[str, Path(description="E.g. ebay.", pattern=r"^[a-z0-9_-]{1,60}$")]
Account = Annotated[str, Path(description="The account's name.", pattern=r"^[A-Za-z0-9_.-]{1,60}$")]
