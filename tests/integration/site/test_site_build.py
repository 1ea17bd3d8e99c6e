"""What building and starting the site promises to set-up."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from buddy_site import build
from shared.settings import Settings

IMPORTS = """
import socket, sys
def refuse(*args, **kwargs):
    raise RuntimeError("importing the site reached for the network")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
import buddy_site.buddy_site
print("imported")
"""


def test_importing_the_site_touches_no_database_and_no_network(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", IMPORTS],
        cwd=build.ROOT,
        env={**os.environ, "BUDDY_DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.strip() == "imported", done.stderr
    assert not (tmp_path / "data").exists()


def test_pages_are_built_once_for_the_same_sources() -> None:
    settings = Settings()
    build.build(settings)

    assert build.is_current(settings)
    assert not build.build(settings)
    assert not build.is_current(Settings(phone_number="+14155550199"))


def test_build_uses_the_node_of_the_wheel_and_tells_nobody() -> None:
    environment = build.build_environment({"PATH": "/usr/bin", "NPM_CONFIG_REGISTRY": "x"})

    assert environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert environment["REFLEX_TELEMETRY_ENABLED"] == "false"
    assert environment["NPM_CONFIG_REGISTRY"] == "x"


def test_site_keeps_nothing_on_disk_and_compiles_nothing_when_it_starts() -> None:
    environment = build.server_environment({})

    assert environment["__REFLEX_SKIP_COMPILE"] == "true"
    assert environment["REFLEX_ENV_MODE"] == "prod"
    assert not (build.ROOT / ".states").exists()


def test_lock_names_versions_and_no_download_address() -> None:
    lock = json.loads((build.ROOT / "reflex.lock" / "package-lock.json").read_text())

    packages = lock["packages"]
    assert len(packages) > 50
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in packages.items() if name)


def test_styles_fetch_nothing_from_elsewhere() -> None:
    css = "".join(path.read_text() for path in build.CLIENT.glob("assets/*.css"))

    assert re.findall(r"url\(\s*['\"]?https?:[^)]*\)", css) == []
    assert re.findall(r"@import[^;]*https?:[^;]*;", css) == []
