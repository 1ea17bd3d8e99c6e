"""`make clean`: data and build output go; what was downloaded stays and is named."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from buddy.setup import models
from buddy.setup.place import Place

BUILD_OUTPUT = (
    *(".web", ".states", "assets/external", "test-results", "htmlcov", ".coverage"),
    *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache"),
)
STOP_SECONDS = 10.0


def clean(place: Place) -> int:
    """Remove data and build output; refuse while the product runs on them."""
    data = place.root / ".data"
    if pid := running_product(data):
        print(f"The product runs here (process {pid}); stop it first: kill {pid}", file=sys.stderr)
        return 1
    located = _data_elsewhere(data)
    for cluster in (data / "postgres", *(folder for folder in (located,) if folder)):
        _stop_server(cluster)
    for gone in (located, data, *(place.root / name for name in BUILD_OUTPUT)):
        if gone is not None and (gone.exists() or gone.is_symlink()):
            _remove(gone)
            print(f"removed {place.shown(gone)}")
    for cache in place.root.glob("[a-z]*/**/__pycache__"):
        shutil.rmtree(cache, ignore_errors=True)
    place.stamps.remove("front_end")
    print("Kept: the virtual environment (rm -rf .venv .setup) and the models in the user's cache:")
    print(f"  rm -rf {models.cache(place)}")
    return 0


def running_product(data: Path) -> str | None:
    """Return the process id of the supervisor that holds this data folder, if one does."""
    try:
        with (data / "run.lock").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.readline().strip() or "unknown"
    except FileNotFoundError:
        pass
    return None


def _data_elsewhere(data: Path) -> Path | None:
    try:
        located = Path((data / "postgres-location").read_text().strip())
    except FileNotFoundError:
        return None
    # The file could name anything; only a folder that says it is ours is removed.
    is_ours = located.is_absolute() and "gotobuddy" in located.parts
    return located if is_ours and located.is_dir() else None


def _stop_server(cluster: Path) -> None:
    for note in cluster.glob("**/postmaster.pid"):
        try:
            pid = int(note.read_text().split("\n", 1)[0])
            os.kill(pid, signal.SIGINT)  # PostgreSQL's fast shutdown
        except (ValueError, ProcessLookupError, FileNotFoundError):
            continue
        ends = time.monotonic() + STOP_SECONDS
        while note.exists() and time.monotonic() < ends:
            time.sleep(0.05)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
