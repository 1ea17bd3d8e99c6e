"""Where a clone keeps what the set-up makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from buddy.setup.stamps import Stamps


@dataclass(frozen=True)
class Place:
    """One clone and its folders."""

    root: Path
    stamps: Stamps = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "stamps", Stamps(self.setup))

    @property
    def setup(self) -> Path:
        return self.root / ".setup"

    @property
    def logs(self) -> Path:
        return self.setup / "logs"

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The virtual environment's interpreter."""
        return self.venv / "bin" / "python"

    def shown(self, path: Path) -> str:
        """Return `path` as a person in the clone would type it."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)
