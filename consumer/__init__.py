"""The service: captures product changes from MongoDB into Kafka and delivers them to channels through adapters."""
