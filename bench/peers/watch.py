"""What a process and its children use, read from /proc, and what else goes on on the machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TICK: Final = os.sysconf("SC_CLK_TCK")
PAGE: Final = os.sysconf("SC_PAGE_SIZE")
PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds since the start, and resident memory in bytes."""

    cpu_seconds: float
    memory_bytes: int


def usage(pid: int) -> Usage:
    """Return what the process and all it has started use now."""
    cpu, memory = 0.0, 0
    for member in (pid, *_descendants(pid)):
        try:
            fields = (PROC / str(member) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        cpu += (int(fields[11]) + int(fields[12])) / TICK
        memory += int(fields[21]) * PAGE
    return Usage(cpu, memory)


def sockets(pid: int) -> int:
    """Return how many sockets the process holds open."""
    found = 0
    for descriptor in (PROC / str(pid) / "fd").iterdir():
        try:
            found += str(descriptor.readlink()).startswith("socket:")
        except OSError:
            continue
    return found


def threads(pid: int) -> int:
    """Return how many threads the process has."""
    return len(list((PROC / str(pid) / "task").iterdir()))


def stolen_seconds() -> float:
    """Return what the hypervisor has taken from all cores, in seconds since the start."""
    return int((PROC / "stat").read_text().splitlines()[0].split()[8]) / TICK


def busy_seconds(core: int) -> float:
    """Return how long a core has worked, in seconds since the start."""
    fields = (PROC / "stat").read_text().splitlines()[1 + core].split()[1:]
    user, nice, system, _idle, _wait, irq, soft = map(int, fields[:7])
    return (user + nice + system + irq + soft) / TICK


def _descendants(pid: int) -> list[int]:
    found = []
    for task in (PROC / str(pid) / "task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *_descendants(child)]
    return found
