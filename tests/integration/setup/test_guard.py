"""The guard: what a killed supervisor leaves behind is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from buddy.guarding import PROGRAM, guarding
from buddy.programs import ROOT

LIMIT_SECONDS = 15
SUPERVISOR = """
import subprocess, sys
from buddy.guarding import guarding
with guarding() as guard:
    child = subprocess.Popen(
        [sys.executable, "-c", "import signal; print('up', flush=True); signal.pause()"],
        process_group=0, stdout=subprocess.PIPE,
    )
    guard.watch(child.pid)
    child.stdout.readline()
    print(child.pid, flush=True)
    sys.stdin.read()
"""


def test_children_of_a_killed_supervisor_are_ended() -> None:
    supervisor = subprocess.Popen(  # noqa: S603 - this test's own program
        [sys.executable, "-c", SUPERVISOR],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert supervisor.stdout is not None
    child = psutil.Process(int(supervisor.stdout.readline()))
    both = psutil.Process(supervisor.pid).children()

    supervisor.send_signal(signal.SIGKILL)
    supervisor.communicate()

    gone, alive = psutil.wait_procs(both, timeout=LIMIT_SECONDS)
    assert (child in gone, len(gone), alive) == (True, 2, [])


def test_what_was_forgotten_is_left_alone() -> None:
    bystander = subprocess.Popen(
        [sys.executable, "-c", "import signal; signal.pause()"], process_group=0
    )
    with guarding() as guard:
        guard.watch(bystander.pid)
        guard.forget(bystander.pid)

    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_the_database_of_a_killed_supervisor_is_asked_to_stop(tmp_path: Path) -> None:
    """PostgreSQL takes SIGINT as "end the sessions and shut down"."""
    # Like PostgreSQL it sees to SIGINT itself: what runs in the background may inherit its being
    # ignored.
    waiting = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); "
        "print('up', flush=True); signal.pause()"
    )
    server = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", waiting],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert server.stdout is not None
    server.stdout.readline()
    (tmp_path / "postmaster.pid").write_text(f"{server.pid}\n/data\n")

    with guarding() as guard:
        guard.watch_database(tmp_path / "postmaster.pid")

    server.communicate(timeout=LIMIT_SECONDS)
    assert server.returncode == -signal.SIGINT


def is_guard(process: psutil.Process) -> bool:
    return str(PROGRAM) in process.cmdline()


def test_the_guard_holds_what_it_is_given(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)

    with guarding(descriptor):
        (guard,) = (child for child in psutil.Process().children() if is_guard(child))
        held = [entry.path for entry in guard.open_files()]

    os.close(descriptor)
    assert str(tmp_path / "lock") in held
