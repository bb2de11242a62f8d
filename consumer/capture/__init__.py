"""Changes of the PIM become product events in Kafka, each exactly once for readers of committed records."""

from consumer.capture.capture import Capture
from consumer.capture.stream import CaptureFailedError, HistoryLostError
from consumer.mongo.pim import enable_pre_images, pre_images_on

__all__ = ["Capture", "CaptureFailedError", "HistoryLostError", "enable_pre_images", "pre_images_on"]
