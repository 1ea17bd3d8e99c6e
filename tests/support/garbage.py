"""What only a collection would free: memory that grows until one comes by."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def no_collections() -> Iterator[Callable[..., set[str]]]:
    """Let no collection run; yield what runs one, and names what of these packages it found."""

    def found(*packages: str) -> set[str]:
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        names = {
            type(one).__qualname__
            for one in gc.garbage
            if type(one).__module__.startswith(packages)
        }
        gc.set_debug(0)
        gc.garbage.clear()
        return names

    gc.collect()
    gc.disable()
    try:
        yield found
    finally:
        gc.enable()
