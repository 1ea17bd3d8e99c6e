"""The messages of a Media Stream."""

from __future__ import annotations

import json

import pytest

from sandbox.twilio.errors import CallProblem
from sandbox.twilio.messages import Clear, Mark, Media, Writer, read


def test_sequence_numbers_are_strings_and_begin_with_start() -> None:
    writer = Writer(account_sid="AC1", call_sid="CA1", stream_sid="MZ1")

    texts = [
        writer.connected(),
        writer.start({"token": "abc"}),
        writer.media(b"\xff\x00", at_ms=0),
        writer.media(b"\xff\x00", at_ms=20),
        writer.dtmf("1"),
        writer.mark("seg-7"),
        writer.stop(),
    ]
    messages = [json.loads(text) for text in texts]

    assert messages[0] == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    assert [m["sequenceNumber"] for m in messages[1:]] == ["1", "2", "3", "4", "5", "6"]
    assert messages[1]["start"] == {
        "accountSid": "AC1",
        "streamSid": "MZ1",
        "callSid": "CA1",
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"token": "abc"},
    }
    assert messages[3]["media"] == {
        "track": "inbound",
        "chunk": "2",
        "timestamp": "20",
        "payload": "/wA=",
    }
    assert messages[4]["dtmf"] == {"track": "inbound_track", "digit": "1"}
    assert messages[6]["stop"] == {"accountSid": "AC1", "callSid": "CA1"}
    assert {m["streamSid"] for m in messages[1:]} == {"MZ1"}


def test_what_the_product_sends_is_read() -> None:
    media = '{"event":"media","streamSid":"MZ1","media":{"payload":"/wA="}}'
    mark = '{"event":"mark","streamSid":"MZ1","mark":{"name":"seg-7"}}'
    clear = '{"event":"clear","streamSid":"MZ1"}'

    assert [read(text, "MZ1") for text in (media, mark, clear)] == [
        Media(b"\xff\x00"),
        Mark("seg-7"),
        Clear(),
    ]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"\xff\xff", 31950),
        ("hello", 31951),
        ("[]", 31951),
        ('{"event":"dance","streamSid":"MZ1"}', 31951),
        ('{"event":"clear"}', 31951),
        ('{"event":"clear","streamSid":"MZ2"}', 31951),
        ('{"event":"clear","streamSid":"MZ1","why":"not"}', 31951),
        ('{"event":"media","streamSid":"MZ1","media":{}}', 31951),
        ('{"event":"media","streamSid":"MZ1","media":{"payload":"no base64!"}}', 31951),
        ('{"event":"media","streamSid":"MZ1","media":{"payload":7}}', 31951),
        ('{"event":"mark","streamSid":"MZ1","mark":{"name":null}}', 31951),
    ],
)
def test_what_twilio_would_not_take_has_its_number(message: str | bytes, code: int) -> None:
    with pytest.raises(CallProblem) as problem:
        read(message, "MZ1")

    assert problem.value.code == code
    assert problem.value.is_warning
