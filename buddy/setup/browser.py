"""A Chromium for the browser tests: the one at hand, Debian's, or Playwright's own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from buddy.setup.place import Place
from buddy.setup.progress import Line, StepFailed, carry_out

ON_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ASK_PLAYWRIGHT = (
    "from playwright.sync_api import sync_playwright\n"
    "with sync_playwright() as p: print(p.chromium.executable_path)"
)
LOG = "browser.log"
PATH_LOG = "browser-path.log"


class BrowserMissing(Exception):
    """No browser could be had; the text says which package to install."""


def on_path() -> str | None:
    """Return the Chromium that a shell would find."""
    return next((found for name in ON_PATH if (found := shutil.which(name))), None)


def is_there(place: Place) -> bool:
    return on_path() is not None or _playwrights_own(place) is not None


def install(place: Place, line: Line) -> None:
    """Install a browser by the first way that works."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (
            ["update", "-q"],
            ["install", "-q", "-y", "--no-install-recommends", "chromium"],
        ):
            _try(place, line, ["apt-get", *arguments], environment)
        if on_path() is not None:
            return
    _try(place, line, [str(place.python), "-m", "playwright", "install", "chromium"], None)
    _try(place, line, [str(place.python), "-c", ASK_PLAYWRIGHT], None, PATH_LOG)
    path = Path((place.logs / PATH_LOG).read_text(errors="replace").strip() or "missing")
    if not path.exists():
        by_hand = "apt-get install chromium" if shutil.which("apt-get") else "the package chromium"
        message = (
            f"  No browser could be had. Install one by hand: {by_hand}\n"
            f"  The whole log: {place.logs / LOG}"
        )
        raise BrowserMissing(message)
    place.stamps.set("browser", str(path))


def _playwrights_own(place: Place) -> Path | None:
    noted = place.setup / "browser"
    if not noted.exists():
        return None
    path = Path(noted.read_text())
    return path if path.exists() else None


def _try(
    place: Place,
    line: Line,
    command: list[str],
    environment: dict[str, str] | None,
    log: str = LOG,
) -> None:
    try:
        carry_out(
            command,
            log=place.logs / log,
            line=line,
            cwd=place.root,
            environment=environment,
            advice="",
        )
    except (StepFailed, OSError):
        return  # the next way may work
