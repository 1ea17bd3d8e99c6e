"""Secrets in the repository: in the files as they are, and in all that they ever were.

What a secret looks like is its issuer's: a prefix and a length. What only looks random is left to
people. A finding names the place and the kind, and never repeats the secret.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from buddy.audit.findings import Finding, fine, wrong

PATTERNS = {
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "a Stripe key": r"\b[sr]k_live_[0-9A-Za-z]{16,}",
    "a Stripe webhook secret": r"\bwhsec_[0-9A-Za-z]{24,}",
    "a Twilio API key": r"\bSK[0-9a-f]{32}\b",
    "a Twilio auth token": r"(?i:auth_?token)[\"']?\s*[:=]\s*[\"']?[0-9a-f]{32}\b",
    "an OpenAI key": r"\bsk-(?:proj-|svcacct-)?[0-9A-Za-z_-]{32,}",
    "a Perplexity key": r"\bpplx-[0-9A-Za-z]{32,}",
    "a Deepgram key": r"(?i:deepgram_api_key)[\"']?\s*[:=]\s*[\"']?[0-9a-f]{40}\b",
    "a Google client secret": r"\bGOCSPX-[0-9A-Za-z_-]{20,}",
    "a Google API key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "an AWS key": r"\bAKIA[0-9A-Z]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{60,})",
    "a PyPI token": r"\bpypi-AgEI[0-9A-Za-z_-]{50,}",
    "a password in an address": r"\b[a-z][a-z+]*://[^\s:/@\"'{}<>]+:[^\s/@\"'{}<>$]{8,}@[\w.-]+",
}
SECRET = re.compile("|".join(f"(?P<p{n}>{pattern})" for n, pattern in enumerate(PATTERNS.values())))
KINDS = tuple(PATTERNS)
NEVER_COMMITTED = (".env", "keys.json", "signed-in.json", "id_rsa", "id_ed25519")
ENDINGS = (".pem", ".p12", ".pfx", ".key")
# Said of itself to be none, in the line: an example in a text or a test.
ALLOWED = "audit: no secret"


def in_files(root: Path) -> Iterator[Finding]:
    """Look through every file that is committed."""
    names = _git(root, "ls-files", "-z").split("\0")[:-1]
    wrongs = [f"{name} must never be committed" for name in names if _is_private(name)]
    for name in names:
        path = root / name
        if path.is_file() and not path.is_symlink():
            text = path.read_text(errors="replace")
            wrongs += [f"{name}:{line}: {kind}" for line, kind in found_in(text.splitlines())]
    yield from map(wrong, wrongs)
    if not wrongs:
        yield fine(f"{len(names)} files hold no secret of {len(PATTERNS)} kinds")


def in_history(root: Path) -> Iterator[Finding]:
    """Look through every line that any commit added: what was deleted is still there to read."""
    commits = 0
    wrongs: set[str] = set()
    commit = name = ""
    log = ("log", "--all", "-p", "--unified=0", "--no-ext-diff", "--no-color", "--format=@%h")
    for line in _git(root, *log).splitlines():
        if line.startswith("@") and not line.startswith("@@"):
            commit, commits = line[1:], commits + 1
        elif line.startswith("+++ "):
            name = line[4:].removeprefix("b/")
        elif line.startswith("+"):
            wrongs |= {f"commit {commit}, {name}: {kind}" for _, kind in found_in([line])}
    yield from map(wrong, sorted(wrongs))
    if not wrongs:
        yield fine(f"{commits} commits added no secret")


def found_in(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield the number of each line with a secret, and of which kind."""
    for number, line in enumerate(lines, 1):
        if ALLOWED not in line:
            for found in SECRET.finditer(line):
                yield number, KINDS[int((found.lastgroup or "p0")[1:])]


def _is_private(name: str) -> bool:
    last = name.rpartition("/")[2]
    return last in NEVER_COMMITTED or last.endswith(ENDINGS)


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - a fixed command
        ["git", *arguments],  # noqa: S607 - wherever git is
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
        errors="replace",
    )
    return done.stdout
