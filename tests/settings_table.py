"""The tables of docs/operations.md, made from consumer/settings and consumer/metrics/.

`python -m tests.settings_table` writes them anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from consumer.metrics import ROOMS
from consumer.settings import (
    SELLING,
    ApiSettings,
    CaptureSettings,
    CredentialSettings,
    DeliverySettings,
    FeedSettings,
    KafkaSecuritySettings,
    OrderSettings,
    PlaceSettings,
    RecordSettings,
    ServerSettings,
    SyncSettings,
    TopicSettings,
    TraceSettings,
)

PAGE = Path(__file__).parents[1] / "docs" / "operations.md"
_BEGIN, _END = "<!-- {}: begin (made by python -m tests.settings_table) -->", "<!-- {}: end -->"

GROUPS: tuple[type[BaseSettings], ...] = (
    ServerSettings,
    KafkaSecuritySettings,
    PlaceSettings,
    TraceSettings,
    TopicSettings,
    CaptureSettings,
    DeliverySettings,
    SyncSettings,
    *SELLING,
    CredentialSettings,
    FeedSettings,
    RecordSettings,
    OrderSettings,
    ApiSettings,
)


def variables() -> dict[str, FieldInfo]:
    """Every variable of the environment that the service reads."""
    return {_variable(group, name, field): field for group in GROUPS for name, field in group.model_fields.items()}


def settings_tables() -> str:
    """One table per group of settings, in Markdown."""
    return "\n\n".join(_table(group) for group in GROUPS)


def metrics() -> dict[str, Any]:
    """Every metric of the service by the name it is scraped under."""
    registry = CollectorRegistry()
    for register in ROOMS:
        register(registry)
    found: list[Any] = list(registry._collector_to_names)
    return {f"{metric._name}_total" if metric._type == "counter" else metric._name: metric for metric in found}


def metrics_table() -> str:
    """One table of all metrics, in Markdown."""
    rows = [
        f"| `{name}` | {metric._type} | {', '.join(metric._labelnames)} | {metric._documentation} |"
        for name, metric in metrics().items()
    ]
    return "\n".join(["| metric | type | labels | meaning |", "|---|---|---|---|", *rows])


def with_tables(page: str) -> str:
    """The page with its tables made anew."""
    return _with(_with(page, "settings", settings_tables()), "metrics", metrics_table())


def _with(page: str, name: str, table: str) -> str:
    begin, end = _BEGIN.format(name), _END.format(name)
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n\n{table}\n\n{end}{rest.partition(end)[2]}"


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
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
