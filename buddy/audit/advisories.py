"""Known holes in what the lock files name, asked of OSV, where PyPI's advisories are kept too.

One question for all packages: https://google.github.io/osv.dev/post-v1-querybatch/. pip-audit asks
the same service one package at a time, and knows nothing of the front end's.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from buddy.audit.dependencies import LOCKS, locked
from buddy.audit.findings import Finding, fine, unknown, wrong

URL = "https://api.osv.dev/v1/querybatch"
FRONT_END = Path("reflex.lock") / "package-lock.json"
ANSWER_SECONDS = 20.0
Package = tuple[str, str, str]  # ecosystem, name, version


def packages(root: Path) -> list[Package]:
    """Return everything that is locked, of Python and of the front end."""
    python = {
        ("PyPI", package.name, package.version)
        for lock in LOCKS
        for package in locked((root / lock).read_text())
    }
    listed = json.loads((root / FRONT_END).read_text())["packages"]
    front_end = {
        ("npm", path.rpartition("node_modules/")[2], entry["version"])
        for path, entry in listed.items()
        if path and "version" in entry
    }
    return sorted(python | front_end)


def known_holes(root: Path, url: str = URL) -> Iterator[Finding]:
    """Say which packages have a known hole, or that nobody could be asked."""
    asked = packages(root)
    queries = [
        {"package": {"ecosystem": ecosystem, "name": name}, "version": version}
        for ecosystem, name, version in asked
    ]
    request = urllib.request.Request(  # noqa: S310 - the scheme is ours to give
        url,
        data=json.dumps({"queries": queries}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
            results = json.load(answer)["results"]
        found = [[hole["id"] for hole in result.get("vulns", ())] for result in results]
        pairs = list(zip(asked, found, strict=True))
    except (OSError, urllib.error.URLError, ValueError, KeyError, TypeError) as error:
        yield unknown(
            f"known holes: {url} gave no answer ({type(error).__name__}), so {len(asked)} packages "
            "were NOT checked: run this where the network is open"
        )
        return
    for (ecosystem, name, version), holes in pairs:
        if holes:
            yield wrong(f"{name} {version} ({ecosystem}) has known holes: {', '.join(holes)}")
    yield fine(f"known holes: {len(asked)} packages asked about")


def front_end_is_pinned(root: Path) -> Iterator[Finding]:
    """Say whether the front end's lock names the bytes of every package."""
    listed = json.loads((root / FRONT_END).read_text())["packages"]
    bare = [path for path, entry in listed.items() if path and "integrity" not in entry]
    if bare:
        yield wrong(f"{FRONT_END}: no integrity for {', '.join(bare)}")
    else:
        yield fine(f"{FRONT_END}: {len(listed) - 1} packages, every one with its hash")
