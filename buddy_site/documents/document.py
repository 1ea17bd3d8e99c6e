"""What a document is made of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from shared.wordings import Document


@dataclass(frozen=True, slots=True)
class Section:
    """Paragraphs, and points after them, under a heading."""

    title: str
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()  # what, and what about it


@dataclass(frozen=True, slots=True)
class DocumentText:
    """A whole document; its version and date are in `shared.wordings`."""

    document: Document
    title: str
    summary: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def fingerprint(self) -> str:
        """Return what changes with any word of it."""
        return hashlib.sha256(repr((self.title, self.summary, self.sections)).encode()).hexdigest()
