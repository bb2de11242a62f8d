"""A capture as a process of its own, to be killed. Takes its arguments as one JSON object."""

from __future__ import annotations

import json
import sys

from prometheus_client import CollectorRegistry

from consumer.capture import Capture
from consumer.metrics import capture_metrics
from consumer.mongo import connect
from consumer.settings import CaptureSettings, TopicSettings


def main() -> None:
    """Capture until killed."""
    arguments = json.loads(sys.argv[1])
    with connect(arguments["uri"]) as client:
        Capture(
            client,
            arguments["bootstrap"],
            tenants=[arguments["tenant"]],
            settings=CaptureSettings(**arguments["settings"]),
            topics=TopicSettings(prefix=arguments["prefix"]),
            metrics=capture_metrics(CollectorRegistry()),
        ).run()


if __name__ == "__main__":
    main()
