"""What a whole call leaves in memory, once all of it is over: nothing that waits to be found."""

from __future__ import annotations

from sandbox.phone.caller import dial
from sandbox.phone.steps import press, say
from tests.support.garbage import no_collections
from tests.support.voice_service import RunningVoice


async def test_call_is_gone_from_memory_when_it_ends(voice: RunningVoice) -> None:
    with no_collections() as garbage:
        await dial(voice.vendors["twilio"], press("1"), say("tell me a story"))
        await voice.service.drain(5)

        assert garbage("voice.", "shared.", "websockets.legacy.", "picows.") == set()
