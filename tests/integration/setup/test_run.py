"""A whole run: the real database, and programs that only answer their port."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from buddy.programs import ROOT
from shared.embedded import Embedded
from tests.support.ports import free_ports

BY_MENU_KEY = ("Lisa", "Ben", "Ethan", "Jack", "Chloe", "Maya")
LIMIT_SECONDS = 40
STOP_SECONDS = 5
RUN = """
import sys
from buddy.console import Console
from buddy.programs import Program
from buddy.readiness import Answers
from buddy.run import run
from shared.settings import Settings

PROGRAM = '''
import http.server, os, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(os.environ["BUDDY_DATA_DIR"] + "/posted", "wb") as file:
            file.write(self.path.encode() + b" " + body)
        self.send_response(200); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
'''

def program(name, port, **options):
    return Program(
        name,
        (sys.executable, "-c", PROGRAM, str(port)),
        Answers((f"http://127.0.0.1:{port}/readyz",)),
        start_limit_seconds=20,
        **options,
    )

settings = Settings()
listed = [
    # On the port of the sandbox's OpenAI, which is told what to read ahead.
    program("sandbox", settings.sandbox_port + 2, is_stopped_last=True),
    program("site", settings.site_port),
    program("voice", settings.voice_port),
    program("voice-2", settings.voice_port + 10, follows="voice"),
]
sys.exit(run(settings, Console(), listed))
"""


class Run:
    """A supervisor in a process of its own, and what it says."""

    def __init__(self, data: Path, ports: tuple[int, int, int]) -> None:
        site, voice, sandbox = ports
        self.process = subprocess.Popen(  # noqa: S603 - this test's own program
            [sys.executable, "-u", "-c", RUN],
            cwd=ROOT,
            env={
                **os.environ,
                "BUDDY_DATA_DIR": str(data),
                "BUDDY_SITE_PORT": str(site),
                "BUDDY_VOICE_PORT": str(voice),
                "BUDDY_SANDBOX_PORT": str(sandbox),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def until(self, words: str) -> str:
        """Return the first line that begins with `words`."""
        while (line := self._lines.get(timeout=LIMIT_SECONDS)) is not None:
            self.said.append(line)
            if line.startswith(words):
                return line
        message = f"it ended without saying {words!r}: {''.join(self.said)}"
        raise AssertionError(message)

    def rest(self) -> str:
        while (line := self._lines.get(timeout=LIMIT_SECONDS)) is not None:
            self.said.append(line)
        self.process.wait(timeout=LIMIT_SECONDS)
        return "".join(self.said)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)


def three_ports() -> tuple[int, int, int]:
    """Return three free ports: four more follow the last, and ten after the second is another."""
    first = free_ports(12)
    return first, first + 1, first + 2


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "data"
    yield folder
    Embedded(folder).remove()


@contextmanager
def running(data: Path, ports: tuple[int, int, int]) -> Iterator[Run]:
    run = Run(data, ports)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.process.send_signal(signal.SIGTERM)
            run.rest()
        assert run.process.stdout is not None
        run.process.stdout.close()


def postmaster(data: Path) -> psutil.Process:
    """Return the database's main process."""
    log = Embedded(data).log_path
    return psutil.Process(int((log.parent / "data" / "postmaster.pid").read_text().split()[0]))


def still_running(processes: list[psutil.Process], seconds: float = 1) -> list[psutil.Process]:
    """Return those that do anything; the dead wait for a slow init to take note of them."""
    _, left = psutil.wait_procs(processes, timeout=seconds)
    return [process for process in left if not is_dead(process)]


def is_dead(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_a_run_comes_up_says_where_and_leaves_nothing(data: Path) -> None:
    ports = three_ports()
    with running(data, ports) as run:
        assert run.until("site: ") == f"site: http://localhost:{ports[0]}\n"
        assert run.until("ready: ") == f"ready: http://localhost:{ports[0]}\n"
        started = psutil.Process(run.process.pid).children(recursive=True)
        server = postmaster(data)
        assert len(started) == 5  # four programs and the guard
        voices = [line.split()[0] for line in run.said if line.startswith("  voice")]
        assert voices == ["voice", "voice-2"]

        run.process.send_signal(signal.SIGINT)
        run.process.wait(timeout=STOP_SECONDS)

        assert run.process.returncode == 0
        assert "Stopped in" in run.rest()
        assert still_running([*started, server]) == []
        assert (data / "keys.json").stat().st_mode & 0o777 == 0o600


def test_the_model_is_given_the_buddies_prompts_to_read_ahead(data: Path) -> None:
    with running(data, three_ports()) as run:
        run.until("ready: ")

    path, _, body = (data / "posted").read_text().partition(" ")
    prompts = json.loads(body)["prefixes"]
    assert path == "/_control/warm"
    assert [name in prompt for name, prompt in zip(BY_MENU_KEY, prompts, strict=True)] == [True] * 6


def test_a_second_run_is_told_about_the_first(data: Path) -> None:
    ports = three_ports()
    with running(data, ports) as first:
        first.until("ready: ")

        with running(data, ports) as second:
            said = second.rest()

        assert second.process.returncode == 1
        assert f"already runs here: process {first.process.pid}" in said


def test_a_taken_port_is_named(data: Path) -> None:
    ports = three_ports()
    with socket.create_server(("127.0.0.1", ports[1])), running(data, ports) as run:
        said = run.rest()

    assert run.process.returncode == 1
    assert f"port {ports[1]} (voice) is taken by process {os.getpid()}" in said
    assert "BUDDY_VOICE_PORT" in said


def test_a_killed_supervisor_leaves_nothing_and_the_next_run_works(data: Path) -> None:
    ports = three_ports()
    with running(data, ports) as run:
        run.until("ready: ")
        left = [*psutil.Process(run.process.pid).children(recursive=True), postmaster(data)]

        run.process.kill()
        run.rest()

        assert still_running(left, LIMIT_SECONDS) == []
    with running(data, ports) as run:
        run.until("ready: ")


def test_a_killed_database_is_started_again(data: Path) -> None:
    with running(data, three_ports()) as run:
        run.until("ready: ")
        before = postmaster(data)

        before.kill()
        psutil.wait_procs([before], timeout=LIMIT_SECONDS)
        run.until("  database")

        assert postmaster(data).pid != before.pid
