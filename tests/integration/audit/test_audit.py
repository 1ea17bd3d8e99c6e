"""The audit finds what it is there for, and says what it could not look at."""

from __future__ import annotations

import http.server
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from buddy.audit import advisories, dependencies, findings, lint, secrets
from buddy.audit.findings import Finding, Verdict
from buddy.programs import ROOT

HASHED = "quart==0.22.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
# Put together here, or the audit would find them in this very file.
STRIPE_KEY = "sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc"
PRIVATE_KEY = "-----BEGIN RSA " + "PRIVATE KEY-----"


def wrongs(found: Iterator[Finding]) -> list[str]:
    return [finding.text for finding in found if finding.verdict is Verdict.WRONG]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Make a repository with one harmless file."""
    (tmp_path / "requirements.txt").write_text(HASHED)
    (tmp_path / "requirements-dev.txt").write_text(HASHED)
    (tmp_path / "reflex.lock").mkdir()
    lock = {"packages": {"": {}, "node_modules/react": {"version": "19.0.0", "integrity": "x"}}}
    (tmp_path / "reflex.lock" / "package-lock.json").write_text(json.dumps(lock))
    git(tmp_path, "init", "-q")
    commit(tmp_path, "harmless.py", "x = 1\n")
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "core.hooksPath=/dev/null")
    command = ["git", *who, *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603 - fixed


def commit(folder: Path, name: str, text: str | None) -> None:
    if text is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Change something")


def test_requirement_without_a_hash_is_found(clone: Path) -> None:
    (clone / "requirements.txt").write_text(HASHED + "flask==3.1.3 ; python_version < '4'\n")

    assert wrongs(dependencies.hashes(clone)) == ["requirements.txt: no hash for flask"]


def test_front_end_package_without_its_hash_is_found(clone: Path) -> None:
    assert wrongs(advisories.front_end_is_pinned(clone)) == []
    lock = {"packages": {"": {}, "node_modules/left-pad": {"version": "1.0.0"}}}
    (clone / "reflex.lock" / "package-lock.json").write_text(json.dumps(lock))

    assert len(wrongs(advisories.front_end_is_pinned(clone))) == 1


@pytest.mark.parametrize(
    ("terms", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-3.0-only", True),
        ("MIT AND (Apache-2.0 OR BSD-2-Clause)", True),
        ("Mozilla Public License 2.0 (MPL 2.0)", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("BSD License; GNU General Public License (GPL)", False),
        ("", False),
    ],
)
def test_licences_that_bind_what_we_write_are_not_allowed(terms: str, allowed: bool) -> None:  # noqa: FBT001 - a case
    assert dependencies.is_allowed(terms) is allowed


class Osv(http.server.BaseHTTPRequestHandler):
    """Answers as OSV does: the first package asked about has a hole."""

    status = 200

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        results: list[dict[str, Any]] = [{} for _ in asked]
        results[0] = {"vulns": [{"id": "PYSEC-2026-1", "modified": "2026-01-01T00:00:00Z"}]}
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(json.dumps({"results": results}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def osv(status: int = 200) -> Iterator[str]:
    handler = type("Answering", (Osv,), {"status": status})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/querybatch"
        server.shutdown()
        thread.join()


def test_known_hole_is_named_with_its_package(clone: Path) -> None:
    with osv() as url:
        found = wrongs(advisories.known_holes(clone, url))

    assert found == ["quart 0.22.0 (PyPI) has known holes: PYSEC-2026-1"]


def test_where_nobody_answers_nothing_is_said_to_be_fine(clone: Path) -> None:
    with osv(status=503) as url:
        failing = list(advisories.known_holes(clone, url))
    gone = list(advisories.known_holes(clone, url))

    assert [finding.verdict for finding in (*failing, *gone)] == [Verdict.UNKNOWN] * 2
    assert "2 packages were NOT checked" in gone[0].text


def test_secret_in_a_file_is_found_and_not_repeated(clone: Path) -> None:
    commit(clone, "settings.py", f"# live\nKEY = '{STRIPE_KEY}'\n")

    (found,) = wrongs(secrets.in_files(clone))

    assert found == "settings.py:2: a Stripe key"
    assert STRIPE_KEY not in found


def test_secret_that_was_deleted_is_still_found_in_the_history(clone: Path) -> None:
    commit(clone, "id.txt", f"{PRIVATE_KEY}\n")
    commit(clone, "id.txt", None)

    assert wrongs(secrets.in_files(clone)) == []
    (found,) = wrongs(secrets.in_history(clone))
    assert found.endswith("id.txt: a private key")


@pytest.mark.parametrize("name", [".env", "keys.json", "server.pem"])
def test_file_that_must_not_be_committed_is_named(clone: Path, name: str) -> None:
    commit(clone, name, "x\n")

    assert wrongs(secrets.in_files(clone)) == [f"{name} must never be committed"]


@pytest.mark.parametrize(
    "line",
    [
        "key = 'sk_test_sandbox'",
        "secret = 'whsec_sandbox'",
        "url = 'postgresql://gotobuddy@/test_0?host=x'",
        "url = f'https://{user}:{password}@example.com'",
        "sid = 'AC" + "0" * 32 + "'",
    ],
)
def test_what_is_no_secret_is_left_alone(line: str) -> None:
    assert list(secrets.found_in([line])) == []


@pytest.mark.parametrize(
    "line",
    [
        "whsec_" + "a1B2" * 8,
        "SK" + "0af1" * 8,
        "AUTH_TOKEN=" + "0af1" * 8,
        "sk-proj-" + "a1B2_" * 8,
        "GOCSPX-" + "a1B2" * 6,
        "postgresql://buddy:" + "correcthorse@db.example.com/x",
    ],
)
def test_every_vendors_secret_is_known(line: str) -> None:
    assert len(list(secrets.found_in([line]))) == 1


def test_security_rule_that_is_broken_is_found(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.ruff.lint]\nignore = ["S101"]\n')
    (tmp_path / "bad.py").write_text("import os\nos.system(input())\n")
    (tmp_path / "let_off.py").write_text("x = eval('1')  # noqa: S307 - for a test\n")

    found = list(lint.security_lint(tmp_path))

    assert [f.text for f in found if "S605" in f.text and f.verdict is Verdict.WRONG]
    assert "overlooked everywhere: S101" in [f.text for f in found]
    assert any("S307 1 times" in f.text for f in found)


def test_report_is_dated_and_counts_what_has_to_be_done() -> None:
    parts = [
        findings.section("Things", [findings.fine("good"), findings.unknown("dark")]),
        findings.section("More", [findings.wrong("bad"), findings.note("mind")]),
    ]

    text = findings.report(parts, commit="abc", now=datetime(2026, 11, 22, 18, 0, tzinfo=UTC))

    assert text.startswith("Audit of 2026-11-22 18:00 UTC, commit abc\n")
    assert "  !! bad" in text
    assert text.endswith("1 to be put right, 1 not looked at.")
    assert findings.is_wrong(parts)
    assert not findings.is_wrong(parts[:1])


def test_this_repositorys_own_requirements_and_files_are_in_order() -> None:
    found = [
        *dependencies.hashes(ROOT),
        *advisories.front_end_is_pinned(ROOT),
        *dependencies.licences(ROOT),
        *(secrets.in_files(ROOT) if (ROOT / ".git").exists() else ()),
    ]

    assert wrongs(iter(found)) == []
