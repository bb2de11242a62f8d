"""Allow marketsync's users in Kafka what they need, and no more. Run it again after a change: it is idempotent.

    python deploy/kafka/acls.py host:9092 --config admin.properties --channels ebay,amazon

admin.properties: the client settings of a user who may make ACLs, one `name=value` a line, in librdkafka's words
(security.protocol, sasl.mechanism, sasl.username, sasl.password, ssl.ca.location).
The users: marketsync-admin, marketsync-capture and one marketsync-<channel> per channel (`--users` says others).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

TOPIC, GROUP, TRANSACTION, CLUSTER = (
    ResourceType.TOPIC,
    ResourceType.GROUP,
    ResourceType.TRANSACTIONAL_ID,
    ResourceType.BROKER,
)
Allowed = tuple[ResourceType, str, str]
"""Kind of thing, beginning of its name, operations with blanks between."""

READ, WRITE = "READ DESCRIBE", "WRITE DESCRIBE"
# Kafka's client asks for a group where none is joined: marketsync-positions, -lag, -spans, -forgotten.
LOOKING = (GROUP, "marketsync-", READ)


def of_capture(prefix: str) -> list[Allowed]:
    return [
        (TOPIC, f"{prefix}pim.products.", f"{WRITE} DESCRIBE_CONFIGS"),
        (TOPIC, f"{prefix}marketsync.capture.", f"{READ} WRITE DESCRIBE_CONFIGS"),
        (TRANSACTION, f"{prefix}marketsync-capture", WRITE),
        LOOKING,
    ]


def of_channel(prefix: str, channel: str) -> list[Allowed]:
    return [
        (TOPIC, f"{prefix}pim.products.", f"{READ} DESCRIBE_CONFIGS"),
        (TOPIC, f"{prefix}marketsync.{channel}.", f"{READ} WRITE DESCRIBE_CONFIGS"),
        (GROUP, f"{prefix}marketsync.{channel}", READ),
        LOOKING,
    ]


def of_admin(prefix: str) -> list[Allowed]:
    """For `marketsync init`, `check`, the API and the commands: it makes topics, reads all, sends again."""
    topics = f"{READ} WRITE CREATE ALTER DESCRIBE_CONFIGS ALTER_CONFIGS DELETE"
    return [
        (TOPIC, f"{prefix}pim.products.", topics),
        (TOPIC, f"{prefix}marketsync.", topics),
        (GROUP, f"{prefix}marketsync", f"{READ} DELETE"),
        LOOKING,
        (TRANSACTION, f"{prefix}marketsync", WRITE),
        # Not by beginning: there is one cluster.
        (CLUSTER, "kafka-cluster", "DESCRIBE DESCRIBE_CONFIGS"),
    ]


def bindings(user: str, allowed: Iterable[Allowed]) -> list[AclBinding]:
    return [
        AclBinding(
            kind,
            name,
            ResourcePatternType.LITERAL if kind is CLUSTER else ResourcePatternType.PREFIXED,
            f"User:{user}",
            "*",
            AclOperation[operation],
            AclPermissionType.ALLOW,
        )
        for kind, name, operations in allowed
        for operation in operations.split()
    ]


def all_bindings(prefix: str, channels: Iterable[str], name: str) -> list[AclBinding]:
    """name: of the users, before the dash."""
    found = bindings(f"{name}-admin", of_admin(prefix)) + bindings(f"{name}-capture", of_capture(prefix))
    for channel in channels:
        found += bindings(f"{name}-{channel}", of_channel(prefix, channel))
    return found


def apply(config: dict[str, str], wanted: list[AclBinding]) -> None:
    """Make them. Raises KafkaException when one is refused."""
    admin = AdminClient(config)  # kept: a client that is collected takes its answers with it
    for future in admin.create_acls(wanted, request_timeout=15).values():
        future.result(15)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("bootstrap", help="host:port of brokers")
    parser.add_argument("--config", type=Path, help="file of client settings of a user who may make ACLs")
    parser.add_argument("--prefix", default="", help="MARKETSYNC_TOPICS_PREFIX")
    parser.add_argument("--channels", default="ebay,amazon,manomano,trovaprezzi")
    parser.add_argument("--users", default="marketsync", help="what the users' names begin with")
    given = parser.parse_args(arguments)
    lines = given.config.read_text(encoding="utf-8").splitlines() if given.config else []
    config = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    wanted = all_bindings(given.prefix, given.channels.split(","), given.users)
    apply({"bootstrap.servers": given.bootstrap, **config}, wanted)
    print(f"allowed: {len(wanted)} operations")  # noqa: T201  the command's own voice


if __name__ == "__main__":
    main(sys.argv[1:])
