"""Debian's `calendar` files, where they are on the machine: the lines that daily facts cite."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from pathlib import Path

CITATION = re.compile(r"Debian calendar 12\.1\.8, (?P<file>[\w./]+):(?P<line>\d+)", re.ASCII)
SHORTEST_WORD = 4
INSIGNIFICANT = frozenset({"born", "world", "first", "became", "came", "with", "that", "from"})

# What is said in English of the lines that are in Portuguese, German and Spanish
GLOSSES = {
    "fusca": "volkswagen",
    "publicitário": "advertising",
    "repórter": "reporters",
    "esportista": "sports",
    "filatelista": "stamp",
    "bibliotecário": "librarians",
    "poesia": "poetry",
    "escola": "schools",
    "meteorologista": "weather",
    "circo": "circus",
    "revisor": "proofreaders",
    "livro": "book",
    "jovens": "young",
    "café": "coffee",
    "desenhista": "draw",
    "diplomata": "diplomats",
    "escoteiro": "scouts",
    "educação": "education",
    "ferroviário": "railroad",
    "automóvel": "automobile",
    "assistente": "workers",
    "gari": "cleaners",
    "museus": "museum",
    "apicultor": "beekeepers",
    "geólogo": "geologists",
    "ambiente": "environment",
    "namorados": "sweethearts",
    "químico": "chemists",
    "aeroviário": "airline",
    "metrologista": "measuring",
    "pescador": "fishermen",
    "telefonista": "telephone",
    "telefone": "telephone",
    "bombeiro": "firefighters",
    "engenheiro": "engineers",
    "futebol": "soccer",
    "amizade": "friendship",
    "agricultor": "farmers",
    "nutricionista": "nutritionists",
    "biólogo": "biologists",
    "alfabetização": "literacy",
    "árvore": "trees",
    "secretária": "secretaries",
    "animais": "animals",
    "criança": "children",
    "fisioterapeuta": "therapists",
    "professor": "teachers",
    "alimentação": "food",
    "aviador": "aviators",
    "comércio": "trade",
    "cinema": "movies",
    "astronomia": "astronomy",
    "orientador": "counselors",
    "biblioteca": "library",
    "deutsche": "germany",
    "frankfurter": "frankfurt",
    "tageszeitung": "newspaper",
    "eisenbahn": "railroad",
}


class CalendarFiles:
    """The unpacked folder `usr/share/calendar` of the package."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: dict[str, list[str]] = {}

    def entry(self, source: str) -> str:
        """Return the cited line with those that continue it."""
        found = CITATION.fullmatch(source)
        assert found, source
        lines = self._lines.setdefault(
            found["file"],
            (self._folder / found["file"]).read_text(encoding="utf-8").split("\n"),
        )
        number = int(found["line"])
        end = number
        while lines[end : end + 1] and lines[end].startswith("\t"):
            end += 1
        return " ".join(lines[number - 1 : end])


def dated(entry: str) -> tuple[int, int]:
    """Return month and day that an entry stands under."""
    on = re.match(r"(\d\d/\d\d|[A-Z][a-z]{2} +\d+)", entry)
    assert on, entry
    words = on[1].replace("/", " ").split()
    form = "%m %d %Y" if words[0].isdigit() else "%b %d %Y"
    moment = datetime.strptime(f"{words[0]} {words[1]} 2024", form)  # noqa: DTZ007  # a date only
    return moment.month, moment.day


def significant(text: str) -> set[str]:
    """Return the words that say what a text is about, in English, without accents."""
    words = re.findall(r"\w+", text.lower())
    said = {_plain(GLOSSES.get(word, word)) for word in words} | {_plain(word) for word in words}
    return {word for word in said if len(word) >= SHORTEST_WORD} - INSIGNIFICANT


def _plain(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word)
    return "".join(part for part in decomposed if not unicodedata.combining(part))
