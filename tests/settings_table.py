"""The settings tables of docs/operations.md, made from consumer/settings.py: `python -m tests.settings_table`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from consumer.settings import (
    CaptureSettings,
    DeliverySettings,
    EbaySettings,
    PlaceSettings,
    ServerSettings,
    TopicSettings,
)

PAGE = Path(__file__).parents[1] / "docs" / "operations.md"
_BEGIN, _END = "<!-- settings: begin (made by python -m tests.settings_table) -->", "<!-- settings: end -->"

GROUPS: tuple[type[BaseSettings], ...] = (
    ServerSettings,
    PlaceSettings,
    TopicSettings,
    CaptureSettings,
    DeliverySettings,
    EbaySettings,
)


def variables() -> dict[str, FieldInfo]:
    """Every variable of the environment that the service reads."""
    return {_variable(group, name, field): field for group in GROUPS for name, field in group.model_fields.items()}


def settings_tables() -> str:
    """One table per group, in Markdown."""
    return "\n\n".join(_table(group) for group in GROUPS)


def with_settings(page: str) -> str:
    """The page with its tables made anew."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n\n{settings_tables()}\n\n{_END}{after}"


def _table(group: type[BaseSettings]) -> str:
    rows = [
        f"| `{_variable(group, name, field)}` | {_default(field)} | {(field.description or '').replace('|', '/')} |"
        for name, field in group.model_fields.items()
    ]
    return "\n".join(
        [f"**{(group.__doc__ or '').strip()}**", "", "| variable | default | meaning |", "|---|---|---|", *rows]
    )


def _variable(group: type[BaseSettings], name: str, field: FieldInfo) -> str:
    return field.alias or f"{group.model_config.get('env_prefix', '')}{name}".upper()


def _default(field: FieldInfo) -> str:
    default: Any = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if default in (None, "", (), {}):
        return ""
    if isinstance(default, tuple):
        default = ",".join(str(part) for part in default)
    return f"`{json.dumps(default) if isinstance(default, bool) else default}`"


if __name__ == "__main__":
    PAGE.write_text(with_settings(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
