"""Keywords, segments and what a message that came in tells the webhook."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.twilio.keywords import OptOuts, OptOutType, opt_out_type
from sandbox.twilio.messaging import inbound_fields
from sandbox.twilio.texts import Text, segments
from sandbox.twilio.twiml import read_replies

NUMBER = "+14155550123"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("STOP", OptOutType.STOP),
        (" stop\n", OptOutType.STOP),
        ("Unsubscribe", OptOutType.STOP),
        ("UNSTOP", OptOutType.START),
        ("yes", OptOutType.START),
        ("info", OptOutType.HELP),
        ("STOP PLEASE", None),
        ("please stop", None),
        ("", None),
    ],
)
def test_a_keyword_stands_alone(body: str, kind: OptOutType | None) -> None:
    assert opt_out_type(body) is kind


def test_who_left_is_told_once_and_hears_nothing_until_back() -> None:
    outs = OptOuts()

    answered = [
        outs.take(NUMBER, keyword)
        for keyword in (
            OptOutType.HELP,
            OptOutType.STOP,
            OptOutType.STOP,
            OptOutType.HELP,
            OptOutType.START,
            OptOutType.HELP,
        )
    ]

    assert answered == [True, True, False, False, True, True]
    assert NUMBER not in outs


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("{" * 80, 1),
        ("{" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("👍" * 35, 1),
        ("👍" * 36, 2),
    ],
)
def test_a_text_takes_so_many_segments(body: str, count: int) -> None:
    assert segments(body) == count


def test_the_webhook_hears_of_a_keyword_by_its_kind() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    text = Text("AC1", "inbound", NUMBER, "+14155550100", "quit", now, "received", "MG1")

    told = inbound_fields(text, OptOutType.STOP)
    plain = inbound_fields(text, None)

    assert told.items() - plain.items() == {("OptOutType", "STOP")}
    assert (told["MessagingServiceSid"], told["FromState"], told["ToCountry"]) == (
        "MG1",
        "CA",
        "US",
    )


@pytest.mark.parametrize(
    ("twiml", "replies"),
    [
        ("", []),
        ("<Response/>", []),
        ("<Response><Message> Hi </Message></Response>", ["Hi"]),
        (
            "<Response><Message><Body>Hi</Body></Message><Message>Ho</Message></Response>",
            ["Hi", "Ho"],
        ),
    ],
)
def test_messages_are_answered_in_twiml(twiml: str, replies: list[str]) -> None:
    assert read_replies(twiml) == replies
