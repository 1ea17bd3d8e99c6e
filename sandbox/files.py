"""Serves a folder of plain files as pages: no build, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from quart import Blueprint, Response

TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


def page_files(name: str, folder: Path, *, pages: Mapping[str, str], at: str) -> Blueprint:
    """Return a blueprint with pages at their paths and every other file of the folder below `at`."""
    site = Blueprint(name, __name__)
    assets = {path.name for path in folder.iterdir() if path.suffix in TYPES} - {*pages.values()}

    def serve(file: str) -> Response:
        path = folder / file
        answer = Response(path.read_bytes(), mimetype=TYPES[path.suffix])
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    for path, file in pages.items():

        async def page(file: str = file) -> Response:
            return serve(file)

        site.add_url_rule(path, f"page{path}".replace("/", "_"), page)

    for asset in sorted(assets):

        async def get(asset: str = asset) -> Response:
            return serve(asset)

        site.add_url_rule(f"{at}/{asset}", asset.replace(".", "_"), get)
    return site
