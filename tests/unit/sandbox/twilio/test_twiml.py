"""Reading TwiML."""

from __future__ import annotations

import pytest
from twilio.twiml.voice_response import VoiceResponse  # type: ignore[import-untyped]

from sandbox.twilio.errors import CallProblem
from sandbox.twilio.twiml import (
    Connect,
    Document,
    Gather,
    Hangup,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
    Stream,
    parse,
    stream_address,
)


def test_what_the_sdk_writes_is_understood() -> None:
    response = VoiceResponse()
    connect = response.connect(action="https://x.example/after", method="GET")
    stream = connect.stream(
        url="wss://x.example/media", name="n1", status_callback="https://x.example/ss"
    )
    stream.parameter(name="token", value="abc")
    response.say("Good\n   bye", loop=2)
    response.play("https://x.example/a.wav")
    response.pause(length=3)
    response.redirect("/next")
    response.reject(reason="busy")
    response.hangup()

    document = parse(str(response))

    assert document.warnings == ()
    assert document.verbs == (
        Connect(
            Stream(
                "wss://x.example/media",
                name="n1",
                status_callback="https://x.example/ss",
                parameters={"token": "abc"},
            ),
            action="https://x.example/after",
            method="GET",
        ),
        Say("Good bye", loop=2),
        Play("https://x.example/a.wav"),
        Pause(3),
        Redirect("/next"),
        Reject("busy"),
        Hangup(),
    )


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "<Response><Say>Hi</Response>",
        "<response/>",
        "<Say>Hi</Say>",
        ' <?xml version="1.0"?><Response/>',
    ],
)
def test_what_is_no_document_is_12100(text: str) -> None:
    with pytest.raises(CallProblem) as problem:
        parse(text)

    assert problem.value.code == 12100


def test_what_the_schema_does_not_know_is_a_warning() -> None:
    document = parse(
        '<Response><say>Hi</say><Say colour="red">Hi</Say><Pause length="x"/></Response>'
    )

    assert document.verbs == (Say("Hi"), Pause(1))
    assert [warning.code for warning in document.warnings] == [12200, 12200, 12200]


@pytest.mark.parametrize(
    "text",
    ["<Record/>", "<Dial/>", "<Connect><ConversationRelay url='wss://x.example'/></Connect>"],
)
def test_what_is_not_built_says_so(text: str) -> None:
    with pytest.raises(CallProblem, match="has not built") as problem:
        parse(f"<Response>{text}</Response>")

    assert problem.value.code == 501


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://x.example/media", 31922),
        ("ws://x.example/media", 31922),
        ("x.example/media", 31922),
        ("wss://", 31923),
        ("", 31923),
        ("wss://x.example/me dia", 31923),
        ("wss://x.example:port/media", 31923),
    ],
)
def test_streams_go_to_secure_addresses_only(url: str, code: int) -> None:
    with pytest.raises(CallProblem) as problem:
        stream_address(url)

    assert problem.value.code == code


def test_a_stream_address_loses_its_query() -> None:
    assert stream_address("wss://x.example/media?token=abc") == "wss://x.example/media"


def test_this_machine_needs_no_encryption() -> None:
    for url in ("ws://localhost:5000/calls/stream", "ws://127.0.0.1:5000/x", "ws://[::1]:5000/x"):
        assert stream_address(url) == url


def test_a_bidirectional_stream_has_one_track() -> None:
    with pytest.raises(CallProblem) as problem:
        parse(
            '<Response><Connect><Stream url="wss://x.example" track="both_tracks"/></Connect></Response>'
        )

    assert problem.value.code == 31941


def test_a_long_parameter_is_left_out() -> None:
    document = parse(
        '<Response><Connect><Stream url="wss://x.example">'
        f'<Parameter name="long" value="{"x" * 496}"/><Parameter name="fits" value="{"x" * 495}"/>'
        "</Stream></Connect></Response>"
    )

    (connect,) = document.verbs
    assert isinstance(connect, Connect)
    assert list(connect.stream.parameters) == ["fits"]
    assert [warning.code for warning in document.warnings] == [12200]


def test_gather_is_read_with_what_it_says() -> None:
    document = parse(
        '<Response><Gather input="dtmf speech" numDigits="4" timeout="3" speechTimeout="auto"'
        ' action="/pin" actionOnEmptyResult="true"><Say>Your PIN?</Say></Gather></Response>'
    )

    assert document == Document(
        (
            Gather(
                nested=(Say("Your PIN?"),),
                action="/pin",
                takes_speech=True,
                num_digits=4,
                timeout=3,
                action_on_empty_result=True,
            ),
        )
    )


def test_gather_says_what_it_can_not_take() -> None:
    twiml = '<Response><Gather input="taste" speechTimeout="soon"><Hangup/></Gather></Response>'

    assert [warning.code for warning in parse(twiml).warnings] == [12200] * 3
