"""Bounds of histograms that several rooms use, in seconds."""

from __future__ import annotations

CALL_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
