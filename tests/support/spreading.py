"""How pytest-xdist hands the suite out to its workers.

What is dear to start (a site, a browser) is started by whichever worker first needs it, and the
tests that need it stay together. Tests that mostly wait, as those with phone calls do, are
handed out one by one. (`--dist loadgroup` would do, but 3.8.0 finds no groups under pytest 9.)
"""

from __future__ import annotations

import os

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

MOST_WORKERS = 4
TOGETHER = {"tests/integration/site/": "site", "tests/attacks/site/": "site"}
ONE_BY_ONE = ("tests/integration/calls/", "tests/integration/setup/")


class Spreading(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Hands out files; some folders as one, and the tests of others one by one."""

    def _split_scope(self, nodeid: str) -> str:
        for folder, group in TOGETHER.items():
            if nodeid.startswith(folder):
                return group
        return nodeid if nodeid.startswith(ONE_BY_ONE) else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Spreading:
    """Use our own scheduler."""
    return Spreading(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return how many workers `--numprocesses auto` means: many tests wait more than they work."""
    return min(MOST_WORKERS, (os.cpu_count() or 1) + 1)
