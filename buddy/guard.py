"""Ends what a supervisor leaves behind when it is killed.

`python guard.py` reads what it has to look after from its standard input: `+ PGID` for a process
group that was started, `- PGID` for one that ended, `postmaster PATH` for the database's pid
file. The end of input means that the supervisor is gone, whatever took it: everything still
on the list is ended. A pipe tells this on every system, and groups reach grandchildren too.
Standard library only, so that the process is small.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE_SECONDS = 3.0
POLL_SECONDS = 0.05


def main() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # a terminal's Ctrl-C is the supervisor's
    groups: set[int] = set()
    postmaster: str | None = None
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "+":
            groups.add(int(rest))
        elif word == "-":
            groups.discard(int(rest))
        elif word == "postmaster":
            postmaster = rest or None
    end_groups(groups)
    if postmaster is not None:
        _end_database(postmaster)


def end_groups(groups: Iterable[int]) -> None:
    """Ask every group to end, then make it."""
    left = {group for group in groups if _signal(group, signal.SIGTERM)}
    ends = time.monotonic() + GRACE_SECONDS
    while left and time.monotonic() < ends:
        time.sleep(POLL_SECONDS)
        left = {group for group in left if _signal(group, 0)}
    for group in left:
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    """Signal a group; say whether it was there."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _end_database(pid_file: str) -> None:
    try:
        with open(pid_file) as file:  # noqa: PTH123 - pathlib would double this process's size
            pid = int(file.readline())
        os.kill(pid, signal.SIGINT)  # PostgreSQL's fast shutdown
    except (OSError, ValueError):
        return


if __name__ == "__main__":
    main()
