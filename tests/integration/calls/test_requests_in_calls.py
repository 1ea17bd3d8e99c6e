"""What callers ask of the call itself, over real sockets: heard, and kept or not."""

from __future__ import annotations

from sandbox.phone.caller import dial
from sandbox.phone.steps import press, say
from shared.services.calls import EntryKind
from tests.integration.calls.test_calls import settled
from tests.support.voice_service import RunningVoice


async def test_buddy_and_record_change_in_mid_call_and_only_the_record_is_kept(
    voice: RunningVoice,
) -> None:
    report = await dial(
        voice.vendors["twilio"],
        press("1"),
        press("*9"),
        say("my secret is a bear"),
        press("*9"),
        say("let me talk to ben"),
        caller="+14155550177",
    )

    heard = report.heard
    assert "off the record." in heard
    assert "you said my secret is a bear." in heard
    assert "on the record." in heard
    assert "hand you over" in heard
    assert "ben here" in heard
    call = await settled(voice, report)
    kept = [(entry.kind, entry.side, entry.buddy, entry.text) for entry in call.entries]
    assert "bear" not in str(kept)
    kinds = [kind for kind, *_ in kept]
    assert kinds.count(EntryKind.OFF_RECORD) == kinds.count(EntryKind.ON_RECORD) == 1
    buddies = [buddy for kind, side, buddy, _ in kept if side == "buddy" and kind == "words"]
    assert buddies[:2] == ["Lisa", "Lisa"]
    assert set(buddies[2:]) == {"Ben"}
    assert call.card.persona_name == "Ben"
