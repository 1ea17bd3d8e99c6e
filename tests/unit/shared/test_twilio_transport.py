from __future__ import annotations

import pytest
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]

from shared.twilio_transport import failure, rebased


@pytest.mark.parametrize(
    ("base", "there"),
    [
        (None, "https://api.twilio.com/2010-04-01/Accounts/AC1/Calls/CA1.json?a=b"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9/api/2010-04-01/Accounts/AC1/Calls/CA1.json?a=b"),
        ("http://h:9/t/", "http://h:9/t/api/2010-04-01/Accounts/AC1/Calls/CA1.json?a=b"),
    ],
)
def test_requests_go_below_the_base_address(base: str | None, there: str) -> None:
    url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Calls/CA1.json?a=b"

    assert rebased(url, base) == there


@pytest.mark.parametrize(
    ("status", "can_help"), [(400, False), (403, False), (429, True), (503, True)]
)
def test_asking_again_helps_where_twilio_is_busy_or_broken(status: int, *, can_help: bool) -> None:
    error = TwilioRestException(status, "/Calls?To=+14155550123", "to +14155550123", 60203)

    meaning = failure(error, doing="sending")

    assert (meaning.retryable, str(meaning)) == (
        can_help,
        f"twilio: sending was answered with {status}, code 60203",
    )


def test_an_answer_that_never_came_can_be_asked_for_again() -> None:
    meaning = failure(TimeoutError("to +14155550123"), doing="sending")

    assert (meaning.retryable, str(meaning)) == (True, "twilio: sending failed: TimeoutError")
