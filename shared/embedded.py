"""The embedded PostgreSQL: a wheel's programs, started or joined by whoever needs them first.

Every process of an installation calls `start()`; one server runs, and it stays until `stop()`.
It listens on a unix socket that only its owner and root can reach, which is why it asks for
no password. POSIX only.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from shared.server_process import (
    PACKAGE,
    EmbeddedServerFailed,
    command_line,
    exists,
    package_version,
    run_as,
    server_user,
    wheel_folder,
)
from shared.settings import Settings

__all__ = ["Embedded", "EmbeddedServerFailed", "server"]

DATABASE = "gotobuddy"
ROLE = "gotobuddy"
PORT = 5432  # of the socket's name only: nothing listens on TCP
START_LIMIT_SECONDS = 120.0  # crash recovery of a busy database takes its time
RETRY_SECONDS = 0.05
LONGEST_SOCKET_FOLDER = 80  # a socket's whole path may have 107 bytes
LOCATION_FILE = "postgres-location"
REACHABLE_FOLDER = Path("/var/lib/gotobuddy")

CONFIGURATION = {
    "listen_addresses": "",
    "port": str(PORT),  # PGPORT in the environment would change it
    "unix_socket_permissions": "0700",
    "jit": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
    # The log must not quote rows or statements: what people say could be in them.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


class Embedded:
    """The embedded server whose data belongs to `data_dir`."""

    def __init__(
        self,
        data_dir: Path,
        *,
        initdb_options: Sequence[str] = (),
        server_options: Sequence[str] = (),
        reachable_folder: Path = REACHABLE_FOLDER,
    ) -> None:
        self._data_dir = data_dir.resolve()
        self._initdb_options = tuple(initdb_options)
        self._server_options = tuple(server_options)
        self._reachable_folder = reachable_folder
        self._user = server_user()

    def start(self) -> Embedded:
        """Start the server, or join the one that runs; return when it answers."""
        if self._answers(DATABASE):
            return self
        try:
            self._data_dir.mkdir(parents=True, exist_ok=True)
            with self._locked():
                self._place()
                if not (self._cluster / "PG_VERSION").exists():
                    self._initialise()
                self._require_same_version()
                self._start_until_it_answers()
                self._create_database(DATABASE)
        except PermissionError as error:
            message = (
                f"{error.filename} belongs to another user: go on as that user, or name another "
                "data folder with BUDDY_DATA_DIR"
            )
            raise EmbeddedServerFailed(message) from error
        return self

    def stop(self) -> None:
        """Stop the server if it runs; sessions still open are ended."""
        if not self._data_dir.is_dir():
            return
        with self._locked():
            if self._pid() is not None:
                self._run("pg_ctl", "stop", "-D", str(self._cluster), "-m", "fast", "-w")

    def remove(self) -> None:
        """Stop the server and delete its data, wherever it was put."""
        self.stop()
        location = self._location()
        if (socket_folder := self._socket_folder()) != self._folder:
            shutil.rmtree(socket_folder, ignore_errors=True)
        if location is not None:
            shutil.rmtree(location, ignore_errors=True)
        (self._data_dir / LOCATION_FILE).unlink(missing_ok=True)
        shutil.rmtree(self._data_dir / "postgres", ignore_errors=True)
        (self._data_dir / "postgres.lock").unlink(missing_ok=True)

    def url(self, database: str = DATABASE) -> str:
        """Return the address of a database on the running server."""
        folder = quote(str(self._socket_folder()), safe="")
        return f"postgresql://{ROLE}@/{quote(database)}?host={folder}&port={PORT}"

    def program(self, name: str) -> Path:
        """Return the path of one of PostgreSQL's programs, such as `pg_dump`."""
        return self._package_folder() / "pginstall" / "bin" / name

    @property
    def log_path(self) -> Path:
        """The file the server logs to."""
        return self._folder / "postgres.log"

    # Where things are.

    @property
    def _folder(self) -> Path:
        return self._location() or self._data_dir / "postgres"

    @property
    def _cluster(self) -> Path:
        return self._folder / "data"

    def _location(self) -> Path | None:
        try:
            return Path((self._data_dir / LOCATION_FILE).read_text().strip())
        except FileNotFoundError:
            return None

    def _package_folder(self) -> Path:
        location = self._location()
        if location is not None:
            return location / f"server-{package_version()}" / PACKAGE
        return wheel_folder() / PACKAGE

    def _socket_folder(self) -> Path:
        """Return where the running server's socket is, else where the next one's will be."""
        try:
            recorded = (self._cluster / "postmaster.pid").read_text().splitlines()[4]
        except (OSError, IndexError):
            recorded = ""
        if recorded:
            return Path(recorded)
        if len(os.fsencode(self._folder)) <= LONGEST_SOCKET_FOLDER:
            return self._folder
        name = hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:16]
        # Not tempfile's folder: TMPDIR may differ between the processes that share the server.
        return Path("/tmp") / f"gotobuddy-{name}"  # noqa: S108 - made 0700 and its owner checked

    def _place(self) -> None:
        """Choose where data and programs live, and make the folder the server's own."""
        if self._user is not None and self._location() is None and not self._can_reach():
            folder = self._reachable_folder / os.urandom(6).hex()
            folder.mkdir(parents=True, mode=0o755)
            (self._data_dir / LOCATION_FILE).write_text(f"{folder}\n")
        if self._location() is not None:
            self._copy_programs()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._make_own(self._folder)

    def _can_reach(self) -> bool:
        """Say whether the server's user can run the wheel's programs and enter the data folder."""
        probe = ("test", "-x", str(self._data_dir), "-a", "-x", str(self.program("postgres")))
        return run_as(self._user, probe).returncode == 0

    def _copy_programs(self) -> None:
        target = self._package_folder().parent
        if target.is_dir():
            return
        draft = target.with_name(f"{target.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        for name in (PACKAGE, f"{PACKAGE}.libs"):
            if (source := wheel_folder() / name).is_dir():
                shutil.copytree(source, draft / name, symlinks=True)
        draft.rename(target)

    def _make_own(self, folder: Path) -> None:
        folder.chmod(0o700)
        if self._user is not None:
            os.chown(folder, self._user.uid, self._user.gid)

    # Starting.

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process at a time start, stop or initialise."""
        with (self._data_dir / "postgres.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _initialise(self) -> None:
        shutil.rmtree(self._cluster, ignore_errors=True)  # left by an initdb that was killed
        draft = self._folder / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        self._run(
            "initdb",
            "-D",
            str(draft),
            f"--username={ROLE}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            *self._initdb_options,
        )
        draft.rename(self._cluster)

    def _require_same_version(self) -> None:
        data = (self._cluster / "PG_VERSION").read_text().strip()
        program = package_version().partition(".")[0]
        if data != program:
            message = (
                f"the data in {self._cluster} is PostgreSQL {data}'s, this installation brings "
                f"PostgreSQL {program}: dump it with the version that wrote it and restore the "
                "dump, or remove it with `make clean`"
            )
            raise EmbeddedServerFailed(message)

    def _start_until_it_answers(self) -> None:
        """Start again and again: after a kill -9 the old backends take a moment to die."""
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while not self._answers("postgres"):
            if time.monotonic() > deadline:
                message = (
                    f"PostgreSQL does not start: see the end of {self.log_path}. "
                    f"Its data is in {self._cluster}."
                )
                raise EmbeddedServerFailed(message)
            if self._pid() is None:
                self._launch()
            time.sleep(RETRY_SECONDS)

    def _launch(self) -> None:
        """Ask pg_ctl for a server of its own session; whether it came up, others find out."""
        self._forget_reused_pid()
        socket_folder = self._socket_folder()
        if socket_folder != self._folder:
            socket_folder.mkdir(mode=0o700, exist_ok=True)
            owner = socket_folder.stat().st_uid
            if owner not in (os.geteuid(), self._user.uid if self._user else owner):
                message = f"{socket_folder} belongs to another user: remove it and start again"
                raise EmbeddedServerFailed(message)
            self._make_own(socket_folder)
        options = {**CONFIGURATION, "unix_socket_directories": str(socket_folder)}
        listed = [f"-c {name}='{value}'" for name, value in options.items()]
        run_as(
            self._user,
            (
                str(self.program("pg_ctl")),
                "start",
                "-D",
                str(self._cluster),
                "-l",
                str(self.log_path),
                "-w",
                "-t",
                "60",
                "-s",
                "-o",
                " ".join([*listed, *self._server_options]),
            ),
        )

    def _recorded_pid(self) -> int | None:
        try:
            return int((self._cluster / "postmaster.pid").read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return None

    def _pid(self) -> int | None:
        """Return the server's pid, if that process lives and is this server."""
        pid = self._recorded_pid()
        if pid is None:
            return None
        return pid if self._is_server(pid) else None

    def _is_server(self, pid: int) -> bool:
        """Say whether a process works in the cluster's folder, as the server and its backends do."""
        try:
            return Path(f"/proc/{pid}/cwd").samefile(self._cluster)
        except OSError:  # no such process, a dead one that nobody waited for, or another user's
            if Path("/proc/self").exists():
                return False
        return str(self._cluster) in command_line(pid)

    def _forget_reused_pid(self) -> None:
        """Remove a pid file that would keep the server from starting for no reason.

        That is so where the pid is another program's by now, or a dead server's that nobody
        has waited for (in a container with a simple first process that stays so). While
        backends of a server that died are still at work the file must stay.
        """
        pid = self._recorded_pid()
        if pid is None or self._pid() is not None or not exists(pid):
            return
        if not self._has_survivors():
            (self._cluster / "postmaster.pid").unlink(missing_ok=True)

    def _has_survivors(self) -> bool:
        """Say whether any process is still at work on the data."""
        processes = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
        return any(self._is_server(pid) for pid in processes)

    def _answers(self, database: str) -> bool:
        if self._pid() is None:
            return False
        try:
            psycopg.connect(self.url(database), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_database(self, name: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if found.fetchone() is None:
                identifier = sql.Identifier(name)
                connection.execute(sql.SQL("CREATE DATABASE {}").format(identifier))

    def _run(self, program: str, *arguments: str) -> None:
        done = run_as(self._user, (str(self.program(program)), *arguments))
        if done.returncode != 0:
            message = f"{program} failed: {done.stdout.strip()[-2000:]}"
            raise EmbeddedServerFailed(message)


def server(settings: Settings) -> Embedded:
    """Return the installation's embedded server; nothing is started yet."""
    return Embedded(settings.data_dir)
