"""What a sync can be asked to do, and how urgently. By itself, because commands name these before anything loads."""

from __future__ import annotations

from enum import StrEnum


class SyncOperation(StrEnum):
    """What is asked for."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Priority(StrEnum):
    """HIGH: with what happens now. LOW: behind everything else."""

    HIGH = "high"
    LOW = "low"
