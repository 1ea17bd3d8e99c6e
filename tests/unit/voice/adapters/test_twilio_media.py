from __future__ import annotations

import base64
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.errors import RemoteProtocolError
from voice.adapters.twilio_media import (
    Connected,
    Encoder,
    StartMessage,
    Unknown,
    decode,
)
from voice.ports import KeyPressed, LegClosed, MarkReturned, MediaReceived

WIRE = json.loads((Path("tests/wire/twilio/media_streams.json")).read_text())
FROM_TWILIO: dict[str, dict[str, Any]] = WIRE["from_twilio"]
TO_TWILIO: dict[str, dict[str, Any]] = WIRE["to_twilio"]
STREAM_SID = "MZXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
AUDIO = base64.b64decode("//79/Pv6+fj39vX08/Lx8A==")


def text(name: str) -> str:
    return json.dumps(FROM_TWILIO[name])


def test_every_message_of_twilios_page_is_understood() -> None:
    start = StartMessage(
        account_sid="ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        call_sid="CAXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        stream_sid=STREAM_SID,
        parameters={"FirstName": "Jane", "LastName": "Doe", "RemoteParty": "Bob"},
    )
    assert {name: decode(text(name)) for name in FROM_TWILIO} == {
        "connected": Connected("Call", "1.0.0"),
        "start": start,
        "media": MediaReceived(AUDIO),
        "dtmf": KeyPressed("1"),
        "mark": MarkReturned("my label"),
        "stop": LegClosed(),
    }


def test_what_we_send_is_what_twilios_page_shows() -> None:
    encoder = Encoder(STREAM_SID)

    sent = [encoder.media(AUDIO), encoder.mark("my label"), encoder.clear]

    assert [json.loads(message) for message in sent] == list(TO_TWILIO.values())


@given(sid=st.text(), audio=st.binary(), name=st.text().filter(lambda s: s.isprintable()))
def test_no_name_and_no_audio_breaks_out_of_its_message(sid: str, audio: bytes, name: str) -> None:
    encoder = Encoder(sid)

    media, mark = json.loads(encoder.media(audio)), json.loads(encoder.mark(name))

    assert base64.b64decode(media["media"]["payload"]) == audio
    assert (media["streamSid"], mark["mark"]["name"]) == (sid, name)


@given(st.binary() | st.text())
@example(b"\xff\xfe")
@example("\ud800")
@example('{"event":"media","media":{"payload":"*"}}')
@example('{"event":"media"}')
@example('{"event":"dtmf","dtmf":{"digit":"99"}}')
@example('{"event":7}')
@example("[" * 5000)
def test_no_bytes_raise_anything_but_a_protocol_error(message: bytes | str) -> None:
    with contextlib.suppress(RemoteProtocolError):
        decode(message)


@given(st.sampled_from(sorted(FROM_TWILIO)), st.data())
def test_a_damaged_message_raises_nothing_but_a_protocol_error(
    name: str, data: st.DataObject
) -> None:
    whole = text(name).encode()
    place = data.draw(st.integers(0, len(whole) - 1))
    damage = data.draw(st.binary(max_size=3))
    with contextlib.suppress(RemoteProtocolError):
        decode(whole[:place] + damage + whole[place + 1 :])


def test_a_kind_of_message_that_is_new_is_no_error() -> None:
    assert decode('{"event":"weather","sunny":true}') == Unknown("weather")


def test_a_stream_of_another_encoding_is_refused() -> None:
    start = json.loads(text("start"))
    start["start"]["mediaFormat"]["sampleRate"] = 16000

    with pytest.raises(RemoteProtocolError, match="16000"):
        decode(json.dumps(start))
