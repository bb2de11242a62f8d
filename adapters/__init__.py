"""A library that speaks to selling channels. It knows channels and nothing of Kafka, MongoDB or the consumer."""
