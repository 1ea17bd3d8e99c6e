"""The recogniser's, the model's and the voices' files, in the user's cache.

The sandbox knows what it needs and where it may come from; this step only asks it.
"""

from __future__ import annotations

from buddy.setup.place import Place
from buddy.setup.progress import Line, carry_out
from buddy.setup.stamps import key_of

ADVICE = (
    "Without them no call can be answered. The log names every source that was tried; "
    "run the same command again once one can be reached."
)


def are_there(place: Place) -> bool:
    return place.stamps.fits("models", _key(place))


def fetch(place: Place, line: Line) -> None:
    carry_out(
        [str(place.python), "-m", "sandbox.engines.models"],
        log=place.logs / "models.log",
        line=line,
        cwd=place.root,
        advice=ADVICE,
    )
    place.stamps.set("models", _key(place))


def _key(place: Place) -> str:
    return key_of("models", files=(place.root / "sandbox" / "engines").glob("models*.py"))
