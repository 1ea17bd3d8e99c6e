"""The virtual environment and the hashed requirements in it.

The product's packages are one file, those with the tools for work on it another that holds the
first; either brings a working product.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from buddy.setup.place import Place
from buddy.setup.progress import Line, StepFailed, carry_out
from buddy.setup.stamps import key_of

PRODUCT = "requirements.txt"
TOOLS = "requirements-dev.txt"
NETWORK_ADVICE = (
    "Check the network and pip's settings (pip config list), then run the same command again."
)


def has_venv(place: Place) -> bool:
    return place.stamps.fits("venv", _venv_key(place)) and place.python.exists()


def make_venv(place: Place, line: Line) -> None:
    """Make the environment, or adopt one that works."""
    if not _works(place.python):
        _explain_missing_ensurepip()
        carry_out(
            [sys.executable, "-m", "venv", "--clear", str(place.venv)],
            log=place.logs / "venv.log",
            line=line,
            cwd=place.root,
            advice="Python could not make a virtual environment; install its venv package.",
        )
    place.stamps.set("venv", _venv_key(place))


def has_product(place: Place) -> bool:
    # The tools' file holds the product's: either will do.
    return _has(place, PRODUCT) or _has(place, TOOLS)


def install_product(place: Place, line: Line) -> None:
    _install(place, line, PRODUCT)


def has_tools(place: Place) -> bool:
    return _has(place, TOOLS)


def install_tools(place: Place, line: Line) -> None:
    _install(place, line, TOOLS)


def _has(place: Place, name: str) -> bool:
    return place.python.exists() and place.stamps.fits(name, _packages_key(place, name))


def _install(place: Place, line: Line, name: str) -> None:
    for other in (PRODUCT, TOOLS):  # half an installation fits no stamp
        place.stamps.remove(other)
    carry_out(
        [
            *(str(place.python), "-m", "pip", "install", "--require-hashes", "--no-input"),
            *("--disable-pip-version-check", "--no-warn-script-location", "--progress-bar", "off"),
            *("-r", name),
        ],
        log=place.logs / "packages.log",
        line=line,
        cwd=place.root,
        advice=NETWORK_ADVICE,
    )
    place.stamps.set(name, _packages_key(place, name))


def _venv_key(place: Place) -> str:
    # Scripts in an environment name it by its full path: a moved clone needs a new one.
    return key_of("venv", str(place.venv))


def _packages_key(place: Place, name: str) -> str:
    made = (place.venv / "pyvenv.cfg").stat().st_mtime_ns  # a new environment is an empty one
    return key_of(name, str(made), files=[place.root / name])


def _works(python: Path) -> bool:
    if not python.exists():
        return False
    question = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    asked = subprocess.run(  # noqa: S603 - our own environment's interpreter
        [python, "-c", question], check=False, capture_output=True
    )
    script = python.with_name("pip")
    is_here = script.exists() and str(python.parent) in script.read_text(errors="replace")
    return asked.returncode == 0 and is_here


def _explain_missing_ensurepip() -> None:
    if importlib.util.find_spec("ensurepip") is not None:
        return
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    fix = (
        f"apt-get install python{version}-venv"
        if shutil.which("apt-get")
        else f"the package that brings Python {version}'s venv and ensurepip"
    )
    message = f"    {sys.executable} can't make virtual environments.\n  Install it first: {fix}"
    raise StepFailed(message)
