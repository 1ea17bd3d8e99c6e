"""Reads when vendors end models from the data file."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from shared.domain.sunsets import AnnouncedEnd

FILE = Path(__file__).with_name("model_ends.toml")


@functools.cache
def announced_ends() -> Mapping[str, AnnouncedEnd]:
    """Return every announced end by its model; raise ValueError where the file says nonsense."""
    return read_announced_ends(tomllib.loads(FILE.read_text(encoding="utf-8")))


def read_announced_ends(tables: Mapping[str, Any]) -> Mapping[str, AnnouncedEnd]:
    """Return the ends that the file's tables describe."""
    found: dict[str, AnnouncedEnd] = {}
    for row in tables.get("end", ()):
        for model, end in _ends(row):
            if found.setdefault(model, end) is not end:
                message = f"two ends of one model: {model}"
                raise ValueError(message)
    return found


def _ends(row: Any) -> Iterator[tuple[str, AnnouncedEnd]]:
    match row:
        case {"models": list(models), "on": date() as day, "source": str(source)} if models:
            for model in models:
                yield str(model), AnnouncedEnd(day, source, row.get("successor"))
        case _:
            message = f"no end of models, with its source: {row}"
            raise ValueError(message)
