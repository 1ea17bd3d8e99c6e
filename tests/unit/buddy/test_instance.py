"""One supervisor a data folder, and ports that are named when they are taken."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path

import pytest

from buddy.instance import AlreadyRunning, only_run
from buddy.ports import busy_ports, holder_of
from buddy.setup.clean import running_product

ADDRESS = "http://localhost:3000"


def test_a_second_run_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    with (
        only_run(tmp_path, ADDRESS),
        pytest.raises(AlreadyRunning) as refusal,
        only_run(tmp_path, ADDRESS),
    ):
        pass

    assert f"process {os.getpid()}" in str(refusal.value)
    assert ADDRESS in str(refusal.value)
    assert f"kill {os.getpid()}" in str(refusal.value)


def test_the_folder_is_free_again_after_a_run(tmp_path: Path) -> None:
    for _ in range(2):
        with only_run(tmp_path, ADDRESS):
            pass

    assert running_product(tmp_path) is None


def test_cleaning_sees_a_run(tmp_path: Path) -> None:
    with only_run(tmp_path, ADDRESS):
        assert running_product(tmp_path) == str(os.getpid())


def test_a_lock_without_a_name_is_refused_too(tmp_path: Path) -> None:
    """The holder may be a breath before writing its number."""
    with (tmp_path / "run.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        assert running_product(tmp_path) == "unknown"


def test_a_taken_port_is_named_with_its_holder_and_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        (busy,) = busy_ports("127.0.0.1", {port: ("site", "BUDDY_SITE_PORT")})

    assert f"port {port} (site) is taken by process {os.getpid()}" in str(busy)
    assert "BUDDY_SITE_PORT" in str(busy)


def test_a_port_that_was_just_left_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
        accepted.close()  # the server's side closes first: it lingers in TIME_WAIT
        client.close()

    assert busy_ports("127.0.0.1", {port: ("site", "BUDDY_SITE_PORT")}) == []
    assert holder_of(port) is None
