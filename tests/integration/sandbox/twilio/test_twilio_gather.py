"""`<Gather>` on a line: keys and speech, and where the call goes with them."""

from __future__ import annotations

from dataclasses import replace

from sandbox.config import SandboxConfig
from sandbox.deepgram.app import create_app as deepgram_app
from sandbox.engines.tones import tones_from_text
from sandbox.serving import serving
from tests.integration.sandbox.twilio.exchange import exchange

NEXT = "<Response><Hangup/></Response>"


async def test_keys_go_to_the_action_and_the_call_with_them() -> None:
    async with exchange() as line:
        line.product.twiml |= {
            "/voice": (
                '<Response><Gather numDigits="2" action="/keys"><Pause length="30"/></Gather>'
                "<Redirect>/never</Redirect></Response>"
            ),
            "/keys": NEXT,
        }
        async with line.dial() as phone:
            await phone.until("answered")
            await phone.press("4")
            await phone.press("2")
            await phone.until("ended")

        (asked,) = line.product.asked("/keys")

    assert (asked["Digits"], asked["CallStatus"]) == ("42", "in-progress")
    assert line.product.asked("/never") == []


async def test_call_goes_on_where_nothing_was_entered() -> None:
    async with exchange() as line:
        line.product.twiml |= {
            "/voice": '<Response><Gather timeout="1"/><Redirect>/then</Redirect></Response>',
            "/then": NEXT,
        }
        async with line.dial() as phone:
            await phone.until("ended")

        assert len(line.product.asked("/voice")) == 1
        assert "Digits" not in line.product.asked("/then")[0]


async def test_speech_is_understood_by_the_sandboxs_recogniser() -> None:
    config = SandboxConfig(script=True)
    async with serving(deepgram_app(config)) as deepgram, exchange() as line:
        assert line.board.exchange is not None
        line.board.exchange = replace(line.board.exchange, deepgram_url=deepgram)
        line.product.twiml |= {
            "/voice": (
                '<Response><Gather input="speech" speechTimeout="auto" action="/said"/></Response>'
            ),
            "/said": NEXT,
        }
        async with line.dial() as phone:
            await phone.until("answered")
            await phone.socket.send_bytes(tones_from_text("ben"))
            await phone.until("ended")

        (asked,) = line.product.asked("/said")

    assert asked["SpeechResult"].lower().startswith("ben")
    assert 0 < float(asked["Confidence"]) <= 1
