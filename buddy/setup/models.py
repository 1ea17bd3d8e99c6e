"""The recogniser's, the model's and the voices' files, in the user's cache.

The sandbox knows what it needs and where it may come from; this step only asks it.
"""

from __future__ import annotations

import os
from pathlib import Path

from buddy.setup.place import Place
from buddy.setup.progress import Line, carry_out
from sandbox.engines import models

ADVICE = "Without them no call can be answered."
PREFIX = "BUDDY_SANDBOX_MODEL"


def are_there(place: Place) -> bool:
    folder = cache(place)
    return all(models.is_there(name, folder) for name in models.catalogue())


def fetch(place: Place, line: Line) -> None:
    carry_out(
        [str(place.python), "-m", "sandbox.engines.models"],
        log=place.logs / "models.log",
        line=line,
        cwd=place.root,
        environment={**_chosen(place), **os.environ},
        advice=ADVICE,
    )


def cache(place: Place) -> Path:
    """Return where this clone's sandbox looks for models."""
    given = {**_chosen(place), **os.environ}.get("BUDDY_SANDBOX_MODELS_DIR")
    return Path(given) if given else models.models_dir()


def _chosen(place: Place) -> dict[str, str]:
    """Read what .env says about models; nothing that understands all of .env is installed yet."""
    try:
        lines = (place.root / ".env").read_text().splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in lines if line.startswith(PREFIX))
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs if value}
