"""Ruff's security rules, and every place that is let off one of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from buddy.audit.findings import Finding, fine, note, unknown, wrong

RULE = re.compile(r"S\d{3}")
NOQA = re.compile(r"#\s*noqa:\s*([A-Z0-9, ]+?)(?:\s+-\s|\s*$)", re.MULTILINE)


def security_lint(root: Path) -> Iterator[Finding]:
    """Say what ruff finds, and what it was told to overlook."""
    ruff = Path(sys.executable).parent / "ruff"
    if not ruff.exists():
        yield unknown("security lint: ruff is not installed here (make setup)")
        return
    done = subprocess.run(  # noqa: S603 - our own linter
        [ruff, "check", "--select", "S", "--output-format", "json", "--no-cache", "."],
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
    )
    flaws = json.loads(done.stdout or "[]")
    for flaw in flaws:
        where = Path(flaw["filename"]).relative_to(root.resolve())
        yield wrong(f"{where}:{flaw['location']['row']}: {flaw['code']} {flaw['message']}")
    if not flaws:
        yield fine("ruff's security rules find nothing")
    yield from _overlooked(root)


def _overlooked(root: Path) -> Iterator[Finding]:
    config = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    everywhere = sorted(code for code in config.get("ignore", ()) if RULE.fullmatch(code))
    if everywhere:
        yield wrong(f"overlooked everywhere: {', '.join(everywhere)}")
    for pattern, codes in sorted(config.get("per-file-ignores", {}).items()):
        if rules := sorted(code for code in codes if RULE.fullmatch(code)):
            yield note(f"overlooked in {pattern}: {', '.join(rules)}")
    counted: Counter[str] = Counter()
    for path in root.rglob("*.py"):
        if not path.relative_to(root).parts[0].startswith((".", "node_modules")):
            for comment in NOQA.findall(path.read_text(errors="replace")):
                counted.update(RULE.findall(comment))
    if counted:
        listed = ", ".join(f"{code} {count} times" for code, count in sorted(counted.items()))
        yield note(f"overlooked in single lines, each with its reason: {listed}")
