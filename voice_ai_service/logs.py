"""Structured logs: one JSON object a line, a static message and fields.

What a caller said, was told or dialled from is personal data: it travels only in the fields of `PERSONAL_FIELDS`,
which are masked above debug. One grep for `call_uuid` gives the whole call.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog

PERSONAL_FIELDS: Final = frozenset(
    {
        "caller_number",
        "called_by",
        "heard",
        "said",
        "text",
        "transcript",
        "prompt",
        "digits",
        "detail",
    }
)
SECRET_FIELDS: Final = frozenset({"token", "secret", "password", "authorization", "api_key", "master_key"})


def _mask(level: int) -> structlog.types.Processor:
    def mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for field in SECRET_FIELDS & event.keys():
            event[field] = "***"
        if level > logging.DEBUG:
            for field in PERSONAL_FIELDS & event.keys():
                event[field] = "***"
        return event

    return mask


def configure(level_name: str, log_format: str, stream: TextIO | None = None) -> None:
    """Sends our logs and the standard library's to one stream in one form.

    Args:
        level_name: debug, info, warning or error.
        log_format: `json` for machines, `text` for a terminal.
        stream: Where to; stderr by default, since stdout belongs to commands' results.
    """
    level = logging.getLevelNamesMapping()[level_name.upper()]
    target = stream if stream is not None else sys.stderr
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _mask(level),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=target.isatty())
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries log requests with URLs and bodies at info and debug: those may hold personal data or keys.
    root.setLevel(max(level, logging.WARNING))
