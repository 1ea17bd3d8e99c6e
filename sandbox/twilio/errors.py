"""Twilio's numbered errors and warnings, as far as the sandbox can cause them.

Titles follow the dictionary at https://www.twilio.com/docs/api/errors; every code has a page of
its own below that address.
"""

from __future__ import annotations

TITLES: dict[int, str] = {
    11100: "Invalid URL format",
    11200: "HTTP retrieval failure",
    11205: "HTTP connection failure",
    11215: "HTTP too many redirects",
    12100: "Document parse failure",
    12200: "Schema validation warning",
    12300: "Invalid Content-Type",
    13520: "Say: Invalid text",
    13710: "Pause: Invalid length value",
    13810: "Hangup: internal failure",
    31901: "Stream - WebSocket - Connection Timeout",
    31902: "Stream - WebSocket - Connection Refused",
    31910: "Stream - WebSocket - SSL Protocol Error",
    31920: "Stream - WebSocket - Handshake Error",
    31921: "Stream - WebSocket - Close Error",
    31922: "Stream - WebSocket - Invalid URL Scheme",
    31923: "Stream - WebSocket - Invalid URL",
    31924: "Stream - WebSocket - Protocol Error",
    31941: "Stream - Invalid Track configuration",
    31950: "Stream - Protocol - Malformed Message",
    31951: "Stream - Protocol - Invalid Message",
}
WARNINGS = frozenset({12200, 13520, 31950, 31951})

NOT_BUILT = 501  # the sandbox's own: Twilio would have done something


class CallProblem(Exception):
    """Something on a call went wrong the way Twilio's debugger shows it."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code} {self.title}: {self.detail}"

    @property
    def title(self) -> str:
        """What the dictionary calls it."""
        return TITLES.get(self.code, "Not built in the sandbox")

    @property
    def is_warning(self) -> bool:
        """Whether the call goes on as if nothing had happened."""
        return self.code in WARNINGS

    @property
    def more_info(self) -> str:
        """The page that explains it."""
        return f"https://www.twilio.com/docs/errors/{self.code}"
