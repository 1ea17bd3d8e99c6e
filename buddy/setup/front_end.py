"""The site's front end: Reflex's packages and its build, made once per change."""

from __future__ import annotations

from buddy.setup.place import Place
from buddy.setup.progress import Line, carry_out
from buddy.setup.stamps import key_of

SOURCES = ("buddy_site/**/*.py", "rxconfig.py", "assets/**/*", "reflex.lock/*", "requirements.txt")
BUILT = ".web/build/client/index.html"
ADVICE = "Check the network and npm's settings (npm config list), then run the same command again."


def is_built(place: Place) -> bool:
    return (place.root / BUILT).exists() and place.stamps.fits("front_end", _key(place))


def build(place: Place, line: Line) -> None:
    carry_out(
        [str(place.python), "-m", "buddy_site.build"],
        log=place.logs / "front_end.log",
        line=line,
        cwd=place.root,
        advice=ADVICE,
    )
    place.stamps.set("front_end", _key(place))


def _key(place: Place) -> str:
    files = {
        file
        for pattern in SOURCES
        for file in place.root.glob(pattern)
        if file.is_file() and "external" not in file.parts
    }
    return key_of("front_end", files=files)
