"""Changes of the PIM become product events in Kafka, each exactly once for readers of committed records."""

from consumer.capture.capture import Capture
from consumer.capture.election import Timing as LeaseTiming
from consumer.capture.identity import this_process
from consumer.capture.leadership import Permit
from consumer.capture.stream import CaptureFailedError
from consumer.capture.watcher import Watcher
from consumer.mongo.pim import enable_pre_images, pre_images_on

__all__ = [
    "Capture",
    "CaptureFailedError",
    "LeaseTiming",
    "Permit",
    "Watcher",
    "enable_pre_images",
    "pre_images_on",
    "this_process",
]
