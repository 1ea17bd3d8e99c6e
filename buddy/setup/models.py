"""The recogniser's, the model's and the voices' files, in the user's cache.

The sandbox knows what it needs and where it may come from; this step only asks it.
"""

from __future__ import annotations

from buddy.setup.place import Place
from buddy.setup.progress import Line, carry_out
from sandbox.engines import models

ADVICE = "Without them no call can be answered."


def are_there(_place: Place) -> bool:
    return all(models.is_there(name) for name in models.catalogue())


def fetch(place: Place, line: Line) -> None:
    carry_out(
        [str(place.python), "-m", "sandbox.engines.models"],
        log=place.logs / "models.log",
        line=line,
        cwd=place.root,
        advice=ADVICE,
    )
