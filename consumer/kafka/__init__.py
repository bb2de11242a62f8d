"""The one door to Kafka: topics, producers and consumers as the rooms need them."""

from consumer.kafka.compacted import read_compacted
from consumer.kafka.producer import (
    RecordTooLargeError,
    ReliableProducer,
    TransactionAbortedError,
    TransactionalProducer,
)
from consumer.kafka.topic_checks import check_topics
from consumer.kafka.topics import TopicNames, ensure_topics, largest_record
from consumer.kafka.turns import TakeTurns, Transactions

__all__ = [
    "RecordTooLargeError",
    "ReliableProducer",
    "TakeTurns",
    "TopicNames",
    "TransactionAbortedError",
    "TransactionalProducer",
    "Transactions",
    "check_topics",
    "ensure_topics",
    "largest_record",
    "read_compacted",
]
