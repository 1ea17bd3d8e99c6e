"""A browser test that fails leaves something to look at, and one that passes leaves nothing."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.e2e.traces import FAILED, folder_name, traced

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def outcome(request: pytest.FixtureRequest) -> Iterator[pytest.Stash]:
    """Lend this very test's outcome, to be put back as it was."""
    yield request.node.stash
    request.node.stash[FAILED] = False


@pytest.mark.parametrize("has_failed", [True, False])
async def test_failure_leaves_a_trace_and_a_picture(
    chromium: Browser,
    request: pytest.FixtureRequest,
    outcome: pytest.Stash,
    tmp_path: Path,
    has_failed: bool,  # noqa: FBT001 - a case
) -> None:
    context = await chromium.new_context()
    async with traced(context, request.node, tmp_path):
        page = await context.new_page()
        await page.set_content("<h1>What it looked like</h1>")
        outcome[FAILED] = has_failed
    await context.close()

    left = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert left == (["page-1-1.png", "trace-1.zip"] if has_failed else [])
    if has_failed:
        trace = zipfile.ZipFile(tmp_path / folder_name(request.node.nodeid) / "trace-1.zip")
        assert any(b"What it looked like" in trace.read(name) for name in trace.namelist())
