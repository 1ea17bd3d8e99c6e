"""`python -m buddy_site`: serves the site and its pages on one port, until SIGTERM."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from buddy_site import build
from shared.settings import Settings


def main() -> None:
    """Become the web server."""
    settings = Settings()
    if not (build.CLIENT / "index.html").is_file():
        sys.exit("the site's pages are not built: run `make setup`")
    if not build.is_current(settings):
        sys.stderr.write("the site's pages are not of these sources: run `make setup`\n")
    os.chdir(build.ROOT)
    granian = str(Path(sys.executable).parent / "granian")
    command = [
        granian,
        "--interface=asgi",
        "--factory",
        f"--host={settings.listen_host}",
        f"--port={settings.site_port}",
        # One worker: states live in its memory, and so do the watchers of live calls.
        "--workers=1",
        "--loop=uvloop",
        "--log-level=warning",
        "--workers-kill-timeout=3",
        "buddy_site.buddy_site:app",
    ]
    os.execve(granian, command, build.server_environment())  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
