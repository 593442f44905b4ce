"""Structured logs: one JSON object a line on stderr. What is logged is public: numbers, ids, digests, error codes."""

from __future__ import annotations

import sys
from typing import Any, Protocol, cast

import structlog


class Log(Protocol):
    """A logger: an event's name, and its fields."""

    def debug(self, event: str, **fields: Any) -> None:
        """For those who look for a fault."""

    def info(self, event: str, **fields: Any) -> None:
        """What an operator wants to know."""

    def warning(self, event: str, **fields: Any) -> None:
        """What an operator should look at."""

    def error(self, event: str, **fields: Any) -> None:
        """What an operator has to mend."""


def make_log(process: str, verbose: bool = False) -> Log:
    """A logger that names its process."""
    level = 10 if verbose else 20
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    return cast(Log, structlog.get_logger().bind(process=process))
