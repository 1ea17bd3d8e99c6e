"""`make clean` removes what was made here, wherever it lies, and nothing else."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from buddy.setup.clean import clean
from buddy.setup.place import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a clone that was run once."""
    root = tmp_path / "clone"
    for made in (".data/logs", ".web/build", ".venv/bin", "voice/__pycache__", "voice/adapters"):
        (root / made).mkdir(parents=True)
    (root / ".data" / "keys.json").write_text("{}")
    (root / "voice" / "call.py").write_text("")
    place = Place(root)
    place.stamps.set("front_end", "key")
    return place


def test_data_and_build_output_go_and_the_environment_stays(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert clean(place) == 0

    left = {path.name for path in place.root.iterdir()}
    assert left == {".venv", ".setup", "voice"}
    assert {path.name for path in (place.root / "voice").iterdir()} == {"call.py", "adapters"}
    assert not place.stamps.fits("front_end", "key")
    assert "rm -rf" in capsys.readouterr().out.splitlines()[-1]


def test_data_that_had_to_lie_elsewhere_goes_too(place: Place, tmp_path: Path) -> None:
    elsewhere = tmp_path / "gotobuddy" / "3f2a"
    elsewhere.mkdir(parents=True)
    (place.root / ".data" / "postgres-location").write_text(f"{elsewhere}\n")

    clean(place)

    assert not elsewhere.exists()
    assert (tmp_path / "gotobuddy").exists()


def test_a_location_that_is_not_ours_is_left_alone(place: Place, tmp_path: Path) -> None:
    homework = tmp_path / "homework"
    homework.mkdir()
    (place.root / ".data" / "postgres-location").write_text(f"{homework}\n")

    clean(place)

    assert homework.exists()
    assert not (place.root / ".data").exists()


def test_nothing_is_removed_under_a_running_product(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    with (place.root / ".data" / "run.lock").open("w") as lock:
        lock.write("4711\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert clean(place) == 1

    assert (place.root / ".data" / "keys.json").exists()
    assert "4711" in capsys.readouterr().err


def test_a_database_that_still_runs_is_stopped_first(place: Place) -> None:
    cluster = place.root / ".data" / "postgres" / "data"
    cluster.mkdir(parents=True)
    note = cluster / "postmaster.pid"
    program = (
        "import os, signal, sys\n"
        f"def stop(*_): os.unlink({str(note)!r}); sys.exit()\n"
        "signal.signal(signal.SIGINT, stop)\n"
        f"open({str(note)!r}, 'w').write(str(os.getpid()) + '\\n')\n"
        "print('up', flush=True); signal.pause()"
    )
    server = subprocess.Popen(  # noqa: S603 - this test's own program
        [sys.executable, "-c", program], stdout=subprocess.PIPE, env={"PATH": os.defpath}
    )
    assert server.stdout is not None
    server.stdout.readline()

    clean(place)

    assert server.wait(timeout=10) == 0
    server.stdout.close()
