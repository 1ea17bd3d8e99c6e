"""Logging: one structured line an event; what people say and who they are stays out of it.

The event is a constant in the past tense, everything else a key. Keys that begin with `pii_`
are dropped unless the settings ask for them, which production refuses.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from shared.settings import Settings


def drop_pii(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Remove what a caller said or who they are, wherever it was logged."""
    return {key: value for key, value in event.items() if not key.startswith("pii_")}


class WithoutQuotations(logging.Filter):
    """Keeps where a framework complained, and drops its words: they quote what a browser sent."""

    QUOTING = frozenset({"reflex", "reflex_base"})

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record if it is one of theirs; let all pass."""
        if record.name.partition(".")[0] in self.QUOTING:
            what = (
                f" {record.exc_info[0].__name__}" if record.exc_info and record.exc_info[0] else ""
            )
            record.msg = f"framework_complained {record.filename}:{record.lineno}{what}"
            record.args = ()
            record.exc_info = record.exc_text = None
        return True


def configure(settings: Settings) -> None:
    """Set logging up for the process; the standard library's loggers go the same way."""
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not settings.log_pii:
        processors.append(drop_pii)
    is_json = settings.environment == "production" or settings.log_format == "json"
    renderer: structlog.typing.Processor
    if is_json:
        # Locals of a traceback's frames may hold words and numbers: names and lines only.
        without_locals = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        processors.append(structlog.processors.ExceptionRenderer(without_locals))
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    structlog.configure(
        processors=[*processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=processors,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    handler.addFilter(WithoutQuotations())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # These log whole requests at INFO: addresses, and with them numbers and tokens.
    for noisy in (
        "httpx",
        "httpx2",
        "httpcore",
        "openai",
        "twilio",
        "websockets",
        "alembic",
        "reflex",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)
