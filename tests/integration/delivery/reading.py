"""Reads whole topics, for looking at what was written."""

from __future__ import annotations

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from consumer.kafka.messages import record_of
from consumer.kafka.records import Record


def read_topic(bootstrap: str, topic: str) -> list[Record]:
    """Everything in the topic now, by partition and offset."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "tests", "enable.auto.commit": False})
    try:
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        records: list[Record] = []
        for partition in partitions:
            end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)[1]
            consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
            position = 0
            while position < end:
                message = consumer.poll(10)
                assert message is not None
                assert message.error() is None
                records.append(record_of(message))
                position = records[-1].offset + 1
        return records
    finally:
        consumer.close()
