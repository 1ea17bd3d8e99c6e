"""An environment for each peer, from pinned and hashed requirements; none is the product's."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent.parent
FOLDER: Final = ROOT / ".setup" / "peers"
NAMES: Final = ("caller", "pipecat", "livekit")


def python(name: str) -> Path:
    """Return the interpreter of a peer's environment."""
    return FOLDER / name / "bin" / "python"


def set_up(*names: str) -> None:
    """Make what is missing or has changed, of all or of these."""
    for name in names or NAMES:
        requirements = HERE / "requirements" / f"{name}.txt"
        stamp = FOLDER / f"{name}.stamp"
        wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
        if stamp.exists() and stamp.read_text() == wanted:
            continue
        print(f"environment of {name} …", flush=True)
        venv.create(FOLDER / name, with_pip=True, clear=True)
        subprocess.run(  # noqa: S603 - our own interpreter and file
            [
                python(name),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--require-hashes",
                "-r",
                requirements,
            ],
            check=True,
            stdout=sys.stderr,
        )
        stamp.write_text(wanted)
