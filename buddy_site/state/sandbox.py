"""What a tester's installation has beside the product."""

from __future__ import annotations

import reflex as rx

from shared.settings import Settings


class SandboxState(rx.State):
    """Where a tester finds a telephone: the server's setting, which no build knows."""

    test_phone_url: str = Settings().test_phone_url or ""
