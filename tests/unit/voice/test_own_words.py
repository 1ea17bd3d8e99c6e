from __future__ import annotations

from dataclasses import replace

from tests.support.fakes import FakeTextToSpeech
from tests.support.scripted_call import BEGAN_AT, FILLERS, TEXTS, persona, stranger
from voice.caller import Caller
from voice.conversation import bridges, honesty
from voice.conversation.commands import Announcement
from voice.conversation.reception import Visitor
from voice.made_ahead import MadeAhead
from voice.own_words import OwnWords
from voice.replay.virtual_time import run_in_virtual_time

LISA, BEN = persona(1, "Lisa"), persona(2, "Ben")


def test_what_a_buddy_may_need_is_made_in_its_voice_and_how_another_would_take_up() -> None:
    async def play() -> None:
        speech = FakeTextToSpeech()
        caller = Caller(stranger(), Visitor(), BEGAN_AT)
        own = OwnWords(MadeAhead(speech), TEXTS, caller)
        assert own.fillers(LISA) == ()

        await own.prepare(LISA, (LISA, BEN))

        said = {(request.voice.name, request.text) for request in speech.requests}
        assert own.fillers(LISA) == FILLERS
        assert {("voice-1", honesty.ANSWER), ("voice-1", bridges.HANDING_OVER)} < said
        assert {text for voice, text in said if voice == "voice-2"} == {bridges.taking_up("Ben")}
        assert own.announcement(LISA, Announcement.ARE_YOU_THERE) is not None

    run_in_virtual_time(play())


def test_fillers_are_said_as_people_say_them_and_what_can_not_be_said_is_none() -> None:
    async def play() -> None:
        speech = FakeTextToSpeech()
        own = OwnWords(MadeAhead(speech), TEXTS, Caller(stranger(), Visitor(), BEGAN_AT))
        wordy = replace(LISA, fillers=("*thinks* Give me **5** sec...", "🤔"))

        await own.prepare(wordy, ())

        assert own.fillers(wordy) == ("Give me five seconds...",)
        assert "🤔" not in {request.text for request in speech.requests}

    run_in_virtual_time(play())


def test_another_pace_is_made_anew_and_until_then_nothing_is_ready() -> None:
    async def play() -> None:
        caller = Caller(stranger(), Visitor(), BEGAN_AT)
        own = OwnWords(MadeAhead(FakeTextToSpeech()), TEXTS, caller)
        await own.prepare(LISA, ())
        caller.slow_down()
        before = own.fillers(LISA)
        await own.prepare(LISA, ())

        assert (before, own.fillers(LISA)) == ((), FILLERS)

    run_in_virtual_time(play())


def test_the_lines_own_announcements_stay_the_lines() -> None:
    async def play() -> None:
        own = OwnWords(
            MadeAhead(FakeTextToSpeech()), TEXTS, Caller(stranger(), Visitor(), BEGAN_AT)
        )
        await own.prepare(LISA, ())

        assert own.announcement(LISA, Announcement.TALK_TIME_OVER) is None
        assert own.announcement(None, Announcement.ARE_YOU_THERE) is None

    run_in_virtual_time(play())
