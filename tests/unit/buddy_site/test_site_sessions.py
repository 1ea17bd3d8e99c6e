"""Reading the session out of a Cookie header that anyone may have written."""

from __future__ import annotations

import pytest

from buddy_site import sessions
from shared.settings import Settings

TOKEN = "0123456789abcdefghijABCDEFGHIJ-_"


def settings(url: str = "http://localhost:3000") -> Settings:
    return Settings(site_public_url=url)


def test_token_is_found_among_other_cookies() -> None:
    header = f"zone=Europe%2FBerlin; buddy_session={TOKEN}; theme=dark"

    assert sessions.token_in(header, settings()) == TOKEN


@pytest.mark.parametrize(
    "header",
    [
        "",
        "buddy_session=",
        "buddy_session=short",
        f"xbuddy_session={TOKEN}",
        f"buddy_session={TOKEN}' OR 1=1",
        f"buddy_session={TOKEN}{'a' * 200}",
        f"buddy_session={TOKEN}; buddy_session=another-token-of-the-attacker",
    ],
)
def test_anything_else_is_no_token(header: str) -> None:
    assert sessions.token_in(header, settings()) is None


def test_over_tls_the_cookie_belongs_to_this_host_alone() -> None:
    secure = settings("https://gotobuddy.example")

    assert sessions.cookie_name(secure) == "__Host-buddy_session"
    assert sessions.token_in(f"buddy_session={TOKEN}", secure) is None
    assert sessions.is_secure(secure)


@pytest.mark.parametrize(
    ("header", "zone"),
    [
        ("zone=America%2FNew_York", "America/New_York"),
        ("zone=Etc%2FGMT%2B5", "Etc/GMT+5"),
        ("", "UTC"),
        ("zone=..%2F..%2Fetc%2Fpasswd", "UTC"),
        ("zone=<script>", "UTC"),
    ],
)
def test_zone_is_read_from_its_cookie(header: str, zone: str) -> None:
    assert sessions.zone_in(header) == zone
