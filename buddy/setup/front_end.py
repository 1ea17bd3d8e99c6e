"""The site's front end: Reflex's packages and its build, made once per change."""

from __future__ import annotations

import os
from pathlib import Path

from buddy.setup.place import Place
from buddy.setup.progress import Line, carry_out
from buddy.setup.stamps import key_of

# At least what the build itself looks at: asking it takes longer than reading these.
SOURCES = (
    *("buddy_site/**/*", "assets/**/*", "reflex.lock/*", "shared/seed/**/*", "shared/settings.py"),
    *("rxconfig.py", "requirements.txt", ".env"),
)
SETTING = "BUDDY_PHONE_NUMBER"  # it stands in the pages
BUILT = ".web/build/client/index.html"
BUILD = """
import sys
from buddy_site.build import BuildFailed, build
from shared.settings import Settings
try:
    build(Settings())
except BuildFailed as failure:
    sys.exit(str(failure))
"""
ADVICE = "Check the network and npm's settings (npm config list), then run the same command again."


def is_built(place: Place) -> bool:
    return (place.root / BUILT).exists() and place.stamps.fits("front_end", _key(place))


def build(place: Place, line: Line) -> None:
    carry_out(
        [str(place.python), "-c", BUILD],
        log=place.logs / "front_end.log",
        line=line,
        cwd=place.root,
        advice=ADVICE,
    )
    place.stamps.set("front_end", _key(place))


def _key(place: Place) -> str:
    files = {file for pattern in SOURCES for file in place.root.glob(pattern) if _counts(file)}
    return key_of("front_end", os.environ.get(SETTING, ""), files=files)


def _counts(file: Path) -> bool:
    # Reflex writes its lock's package.json in two layouts, and assets/external by itself.
    is_generated = file.suffix == ".pyc" or file.name == "package.json" or "external" in file.parts
    return file.is_file() and not is_generated
