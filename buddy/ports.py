"""Which ports are taken, and by whom, as far as the system tells."""

from __future__ import annotations

import contextlib
import errno
import shutil
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LISTENING = "0A"  # the state's code in /proc/net/tcp
COMMAND_WIDTH = 70


@dataclass(frozen=True, slots=True)
class BusyPort:
    """A port that something else listens on."""

    port: int
    wanted_for: str
    setting: str
    holder: str | None

    def __str__(self) -> str:
        holder = self.holder or "another program"
        return (
            f"port {self.port} ({self.wanted_for}) is taken by {holder}: "
            f"stop it, or set {self.setting}"
        )


def busy_ports(host: str, wanted: Mapping[int, tuple[str, str]]) -> list[BusyPort]:
    """Return those of the wanted ports (to purpose and setting) that can't be had."""
    return [
        BusyPort(port, purpose, setting, holder_of(port))
        for port, (purpose, setting) in wanted.items()
        if is_busy(host, port)
    ]


def is_busy(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: connections of an earlier run that linger are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.errno in (errno.EADDRINUSE, errno.EACCES)
    return False


def holder_of(port: int) -> str | None:
    """Name the process that listens on `port`, where the system lets us see it."""
    if not Path("/proc/net/tcp").exists():
        return _holder_by_lsof(port)
    inodes = _listening_inodes(port)
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and inodes & _sockets_of(process):
            return _described(int(process.name))
    return None


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError), Path(table).open() as lines:
            next(lines, None)
            for line in lines:
                fields = line.split()
                if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    found.add(f"socket:[{fields[9]}]")
    return found


def _sockets_of(process: Path) -> set[str]:
    links = set()
    # Other users' processes can't be looked into, and any may end meanwhile.
    with contextlib.suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                links.add(str(descriptor.readlink()))
    return links


def _holder_by_lsof(port: int) -> str | None:
    if (lsof := shutil.which("lsof")) is None:
        return None
    asked = subprocess.run(  # noqa: S603 - lsof by its full path, a number as argument
        [lsof, "-nP", "-t", f"-iTCP:{port}", "-sTCP:LISTEN"],
        check=False,
        capture_output=True,
        text=True,
    )
    pid = asked.stdout.strip().partition("\n")[0]
    return f"process {pid}" if pid else None


def _described(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return f"process {pid}"
    command = " ".join(word.decode(errors="replace") for word in words if word)
    shown = command if len(command) <= COMMAND_WIDTH else f"{command[: COMMAND_WIDTH - 1]}…"
    return f"process {pid} ({shown})"
