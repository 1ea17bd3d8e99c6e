"""The embedded server: one for all processes, and hard to kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from shared import migrations
from shared.database import database_urls, open_database
from shared.embedded import Embedded, EmbeddedServerFailed
from shared.migrations import ROOT
from shared.sealing import KeyRing
from shared.services import personas
from shared.settings import Settings
from tests.support.database import server_folder

is_root = os.geteuid() == 0
START = "import sys; from pathlib import Path; from shared.embedded import Embedded; "
START += "print(Embedded(Path(sys.argv[1])).start().url())"


@pytest.fixture
def folder() -> Iterator[Path]:
    with server_folder() as folder:
        yield folder


def server_in(folder: Path) -> Embedded:
    return Embedded(folder, initdb_options=("--no-sync",))


def postmaster(server: Embedded) -> int:
    """Return the server's pid, as it says itself."""
    with psycopg.connect(server.url()) as connection:
        row = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
    assert row is not None
    return int(str(row[0]).splitlines()[0])


def own_folder(server: Embedded) -> Path:
    """Return where the server lives: elsewhere, where its user can't get to the data folder."""
    return server.log_path.parent


def start_in_another_process(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own program
        (sys.executable, "-c", START, str(folder)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_that_start_at_once_share_one_server(folder: Path) -> None:
    running = [start_in_another_process(folder) for _ in range(2)]
    urls = {process.communicate(timeout=120)[0].strip() for process in running}

    server = server_in(folder).start()

    assert urls == {server.url()}
    pids = {postmaster(server), postmaster(server_in(folder).start())}
    assert len(pids) == 1


def test_a_killed_server_comes_back_with_what_was_committed(folder: Path) -> None:
    server = server_in(folder).start()
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE written (n int)")
        connection.execute("INSERT INTO written SELECT generate_series(1, 100)")
        # Alive at the kill, like the backends of any busy server: it must not be in the way.
        os.kill(postmaster(server), signal.SIGKILL)

        server.start()

    with psycopg.connect(server.url()) as connection:
        row = connection.execute("SELECT count(*) FROM written").fetchone()
    assert row == (100,)


def test_stopping_leaves_no_process_and_starting_again_finds_the_data(folder: Path) -> None:
    server = server_in(folder).start()
    pid = postmaster(server)

    server.stop()
    server.stop()  # nothing left to stop

    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert postmaster(server.start()) != pid


def test_a_pid_that_now_belongs_to_another_program_is_not_taken_for_the_server(
    folder: Path,
) -> None:
    server = server_in(folder).start()
    server.stop()
    pid_file = own_folder(server) / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n")

    assert postmaster(server.start()) != os.getpid()


def test_a_dead_server_that_nobody_waited_for_is_not_in_the_way(folder: Path) -> None:
    server = server_in(folder).start()
    server.stop()
    with subprocess.Popen(("/bin/sh", "-c", "exit")) as dead:  # waited for as the block ends
        deadline = time.monotonic() + 10
        while psutil.Process(dead.pid).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline
        pid_file = own_folder(server) / "data" / "postmaster.pid"
        pid_file.write_text(f"{dead.pid}\n")

        assert postmaster(server.start()) != dead.pid


def test_data_of_another_version_is_refused_with_what_to_do(folder: Path) -> None:
    server = server_in(folder).start()
    server.stop()
    version = own_folder(server) / "data" / "PG_VERSION"
    version.write_text("17\n")

    with pytest.raises(EmbeddedServerFailed, match=r"PostgreSQL 17's.*dump") as refusal:
        server.start()

    assert "make clean" in str(refusal.value)


def test_nobody_else_can_reach_the_server(folder: Path) -> None:
    own = own_folder(server_in(folder).start())

    assert own.stat().st_mode & 0o077 == 0
    socket = own / ".s.PGSQL.5432"
    assert socket.is_socket()
    assert socket.stat().st_mode & 0o077 == 0


def test_the_folder_may_be_reached_by_another_name(folder: Path) -> None:
    server = server_in(folder / "real").start()
    (folder / "alias").symlink_to(folder / "real")
    alias = server_in(folder / "alias").start()
    try:
        assert postmaster(alias) == postmaster(server)
    finally:
        server.remove()


def test_a_long_path_gets_its_socket_elsewhere(folder: Path) -> None:
    long_folder = folder / ("long-" * 20)
    server = server_in(long_folder)
    try:
        server.start()

        assert postmaster(server)
        assert str(long_folder) not in server.url()
    finally:
        server.remove()


@pytest.mark.skipif(not is_root, reason="only root runs the server as another user")
def test_below_a_folder_of_roots_own_the_server_lives_where_its_user_can_reach(
    folder: Path,
) -> None:
    closed = folder / "roots-own"
    closed.mkdir(mode=0o700)
    elsewhere = folder / "reachable"
    server = Embedded(closed / ".data", reachable_folder=elsewhere)
    try:
        server.start()

        location = Path((closed / ".data" / "postgres-location").read_text().strip())
        assert location.parent == elsewhere
        assert postmaster(server)
        assert server.program("pg_dump").is_relative_to(location)
        assert not (closed / ".data" / "postgres").exists()
    finally:
        server.remove()
    assert list(elsewhere.iterdir()) == []
    assert list((closed / ".data").iterdir()) == []


@pytest.mark.skipif(not is_root, reason="only root can become another user")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # the child runs no threads
def test_an_ordinary_user_runs_the_server_itself(folder: Path) -> None:
    home = folder / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)

    def start_and_remove() -> None:
        server = server_in(home / ".data")
        try:
            server.start()
            assert postmaster(server)
        finally:
            server.remove()

    assert status_as_nobody(start_and_remove, home) == 0
    assert list((home / ".data").iterdir()) == []


@pytest.mark.skipif(not is_root, reason="only root can become another user")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # the child runs no threads
def test_another_users_server_is_named_as_such(folder: Path) -> None:
    server_in(folder).start()

    def start() -> None:
        with pytest.raises(EmbeddedServerFailed, match="belongs to another user"):
            server_in(folder).start()

    assert status_as_nobody(start, folder) == 0


def test_without_an_address_a_program_starts_the_server_itself(folder: Path) -> None:
    settings = Settings.model_construct(data_dir=folder)
    KeyRing.create(settings.keys_path)

    migrations.upgrade(database_urls(settings).direct)
    database = open_database(settings, application_name="test")

    assert database.transact_now(personas.constants) == {}
    database.close_now()


NOBODY = 65534


def status_as_nobody(act: Callable[[], None], folder: Path) -> int:
    """Do something as an ordinary user, in a process of its own; return that one's status."""
    program = server_in(folder).program("postgres")
    tried = subprocess.run(  # noqa: S603 - our own program
        ("/usr/bin/test", "-x", str(program)), user=NOBODY, group=NOBODY, check=False
    )
    if tried.returncode != 0:
        pytest.skip("an ordinary user can't reach this installation's programs")
    child = os.fork()
    if child == 0:
        os._exit(_as_nobody(act))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _as_nobody(act: Callable[[], None]) -> int:
    try:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        act()
    except BaseException:  # noqa: BLE001 - the child must end here, whatever happens
        traceback.print_exc()
        return 1
    return 0
