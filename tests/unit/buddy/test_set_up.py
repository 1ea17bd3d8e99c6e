"""Set-up: what is done is not done again, what failed says what to do, one at a time."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from buddy.setup import browser, models, packages
from buddy.setup.browser import BrowserMissing
from buddy.setup.place import Place
from buddy.setup.progress import Line, StepFailed, carry_out
from buddy.setup.setting_up import ROOT, STEPS, Step, set_up
from buddy.setup.stamps import key_of


def step(name: str, act: Callable[[], None] = lambda: None) -> Step:
    """Return a step that acts once per clone."""

    def carry_out_once(place: Place, _line: Line) -> None:
        act()
        place.stamps.set(name, "key")

    return Step(name, ("run",), "", lambda place: place.stamps.fits(name, "key"), carry_out_once)


def test_a_step_that_was_done_is_not_done_again(tmp_path: Path) -> None:
    done: list[str] = []
    steps = [step("first", lambda: done.append("first"))]

    statuses = [set_up(Place(tmp_path), "run", steps) for _ in range(2)]

    assert (statuses, done) == ([0, 0], ["first"])


def test_a_set_up_with_nothing_to_do_says_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(Place(tmp_path), "run", [step("first")])
    capsys.readouterr()

    set_up(Place(tmp_path), "run", [step("first")])

    assert capsys.readouterr().out == ""


def test_a_failed_step_ends_the_set_up_and_is_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tries: list[str] = []

    def fail() -> None:
        tries.append("second")
        message = "Plug it in."
        raise StepFailed(message)

    steps = [step("first"), step("second", fail), step("third")]
    statuses = [set_up(Place(tmp_path), "run", steps) for _ in range(2)]

    assert (statuses, tries) == ([1, 1], ["second", "second"])
    assert "Plug it in." in capsys.readouterr().err
    assert not (tmp_path / ".setup" / "third").exists()


def test_a_purpose_takes_only_its_own_steps(tmp_path: Path) -> None:
    assert set_up(Place(tmp_path), "tools", [step("first")]) == 0

    assert not (tmp_path / ".setup" / "first").exists()


def test_a_failing_command_shows_its_last_words_and_the_advice(tmp_path: Path) -> None:
    line = Line("packages", "soon")

    with pytest.raises(StepFailed) as failure:
        carry_out(
            [sys.executable, "-c", "import sys; print('no such package'); sys.exit(3)"],
            log=tmp_path / "logs" / "packages.log",
            line=line,
            cwd=tmp_path,
            advice="Check the network.",
        )

    assert "no such package" in str(failure.value)
    assert "Check the network." in str(failure.value)
    assert str(tmp_path / "logs" / "packages.log") in str(failure.value)


def test_a_key_changes_with_a_files_words_and_name(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("a")
    second.write_text("a")
    before = key_of("step", files=[first])

    same = key_of("step", files=[first])
    renamed = key_of("step", files=[second])
    first.write_text("b")

    assert before == same
    assert len({before, renamed, key_of("step", files=[first])}) == 3


def test_two_at_once_wait_for_each_other(tmp_path: Path) -> None:
    """Both append to one file inside the lock; an interleaving would show."""
    program = (
        "import sys; from pathlib import Path; from buddy.setup.stamps import alone\n"
        "folder = Path(sys.argv[1])\n"
        "for _ in range(50):\n"
        "    with alone(folder / 'lock'):\n"
        "        (folder / 'said').open('a').write('in ')\n"
        "        (folder / 'said').open('a').write('out\\n')\n"
    )

    both = [
        subprocess.Popen(  # noqa: S603 - this test's own program
            [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        for _ in range(2)
    ]

    assert [process.wait(timeout=30) for process in both] == [0, 0]
    assert (tmp_path / "said").read_text() == "in out\n" * 100


def test_the_set_up_needs_nothing_but_the_standard_library(tmp_path: Path) -> None:
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import buddy.setup.setting_up"

    asked = subprocess.run(  # noqa: S603 - this test's own program
        [sys.executable, "-I", "-S", "-c", program],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": os.defpath},
    )

    assert (asked.returncode, asked.stderr) == (0, "")


def test_the_tools_requirements_hold_the_products() -> None:
    def pins(name: str) -> set[str]:
        lines = (ROOT / name).read_text().splitlines()
        return {line for line in lines if line[:1].isalnum()}

    assert pins(packages.PRODUCT) < pins(packages.TOOLS)


@pytest.mark.parametrize("name", [packages.PRODUCT, packages.TOOLS])
def test_requirements_are_all_hashed_and_name_no_index(name: str) -> None:
    text = (ROOT / name).read_text()
    entries = [entry for entry in text.split("\n") if entry[:1].isalnum()]

    assert all(entry.endswith("\\") and "==" in entry for entry in entries)
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_every_step_serves_a_purpose_that_make_asks_for() -> None:
    assert {purpose for step in STEPS for purpose in step.purposes} == {"tools", "run", "test"}


def test_an_interpreter_that_can_make_no_environment_is_told_which_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(StepFailed) as failure:
        packages.make_venv(Place(tmp_path), Line("Python environment", "soon"))

    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert f"Python {version}" in str(failure.value) or f"python{version}-venv" in str(
        failure.value
    )


def test_a_browser_that_could_not_be_had_stops_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        message = "  Install one by hand: apt-get install chromium"
        raise BrowserMissing(message)

    assert set_up(Place(tmp_path), "run", [step("browser", fail), step("after")]) == 0

    said = capsys.readouterr().out
    assert "apt-get install chromium" in said
    assert "those in a browser will fail" in said
    assert Place(tmp_path).stamps.fits("after", "key")


def test_a_browser_on_the_path_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert browser.on_path() is None

    chrome = tmp_path / "google-chrome"
    chrome.touch(mode=0o755)

    assert browser.is_there(Place(tmp_path))
    assert browser.on_path() == str(chrome)


def test_playwrights_own_browser_counts_while_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    place = Place(tmp_path)
    chrome = tmp_path / "chrome"
    chrome.touch()
    place.stamps.set("browser", str(chrome))
    assert browser.is_there(place)

    chrome.unlink()

    assert not browser.is_there(place)


def test_models_lie_where_the_env_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BUDDY_SANDBOX_MODELS_DIR", raising=False)
    (tmp_path / ".env").write_text('DATABASE_URL=x\nBUDDY_SANDBOX_MODELS_DIR="/srv/models"\n')

    assert models.cache(Place(tmp_path)) == Path("/srv/models")


@pytest.mark.parametrize("name", [packages.PRODUCT, packages.TOOLS])
def test_the_lock_fits_what_the_project_asks_for(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"]]
    if name == packages.TOOLS:
        asked += project["optional-dependencies"]["dev"]
    lines = (ROOT / name).read_text().splitlines()
    pinned = dict(line.split()[0].split("==") for line in lines if line[:1].isalnum())

    outdated = [line for line in asked if not is_met(Requirement(line), pinned)]

    assert outdated == []  # `make lock` resolves them anew


def is_met(requirement: Requirement, pinned: dict[str, str]) -> bool:
    version = pinned.get(canonicalize_name(requirement.name))
    return version is not None and version in requirement.specifier
