"""Reception: nobody is listened to before the notice, and everybody gets somewhere."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.voice.conversation.test_machine_endings import ENDINGS
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Announcement, Command, EndReason
from voice.conversation.events import ReplyId
from voice.conversation.keypad import Shortcut
from voice.conversation.reception import Reception, ReceptionRules, Stage, Visitor

RULES = ReceptionRules()
MENU = {1: "Lisa", 2: "Ben", 3: "Ethan", 4: "Jack", 5: "Chloe", 6: "Maya"}


def reception(visitor: Visitor | None = None) -> Reception:
    return Reception(RULES, visitor or Visitor(), MENU, now=0)


def played(reception_: Reception, now: float) -> list[Command]:
    return reception_.receive(on.SegmentPlayed(reception_.last_reply, 0), now)


def announced(commands: list[Command]) -> list[Announcement]:
    return [c.announcement for c in commands if isinstance(c, do.Announce)]


def press(desk: Reception, keys: str, now: float) -> list[Command]:
    return [command for key in keys for command in desk.receive(on.DigitPressed(key), now)]


def at_menu() -> Reception:
    """Return a reception that said the menu to its end at 20."""
    desk = reception()
    desk.start(0)
    played(desk, 10)
    played(desk, 20)
    return desk


def test_notice_comes_first_and_nobody_listens_before_it_was_heard() -> None:
    desk = reception()

    first = desk.start(0)
    then = played(desk, 10)

    assert announced(first) == [Announcement.NOTICE]
    assert then[:2] == [do.RecordConsent(), do.Listen()]
    assert announced(then) == [Announcement.MENU]


def test_a_voice_and_words_that_may_still_change_give_the_answer_time_to_come() -> None:
    desk = at_menu()
    at_first = desk.deadline

    nothing = desk.receive(on.VoiceDetected(), 24)
    with_voice = desk.deadline
    nothing += desk.receive(on.TranscriptReceived("may", is_final=False), 25)

    assert nothing == []
    assert (at_first, with_voice, desk.deadline) == (26, 30, 31)


def test_nine_declines_and_nothing_was_listened_to() -> None:
    desk = reception()
    desk.start(0)

    declined = desk.receive(on.DigitPressed("9"), 3)
    ended = played(desk, 6)

    assert declined == [
        do.Interrupt(ReplyId(1)),
        do.Announce(ReplyId(2), 0, Announcement.CONSENT_DECLINED),
    ]
    assert ended == [do.HangUp(EndReason.CONSENT_DECLINED)]


def test_key_pressed_during_the_notice_counts_once_the_notice_was_heard() -> None:
    desk = reception()
    desk.start(0)

    pressed = desk.receive(on.DigitPressed("2"), 3)
    then = played(desk, 10)

    assert pressed == []
    assert then == [do.RecordConsent(), do.Listen(), do.PutThrough(2)]


def test_favourite_is_put_through_without_a_menu() -> None:
    desk = reception(Visitor(has_consented=True, favourite_key=6))

    first = desk.start(0)
    then = played(desk, 3)

    assert announced(first) == [Announcement.NOTICE_SHORT]
    assert then == [do.Listen(), do.PutThrough(6)]
    assert desk.deadline is None


def test_key_in_the_menu_puts_through_over_its_words() -> None:
    desk = reception()
    desk.start(0)
    played(desk, 10)

    assert desk.receive(on.DigitPressed("4"), 12) == [do.Interrupt(ReplyId(2)), do.PutThrough(4)]


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("Lisa please", 1),
        ("can I talk to Ben?", 2),
        ("not Ethan, Jack", 4),
        ("number five", 5),
        ("6", 6),
    ],
)
def test_name_said_aloud_puts_through(words: str, key: int) -> None:
    desk = at_menu()

    assert desk.receive(on.TranscriptReceived(words, is_final=True), 22) == [do.PutThrough(key)]


def test_words_that_name_nobody_are_asked_again() -> None:
    desk = at_menu()

    commands = desk.receive(on.TranscriptReceived("good morning", is_final=True), 22)

    assert announced(commands) == [Announcement.MENU_AGAIN]


def test_words_heard_before_the_notice_is_over_choose_nobody() -> None:
    desk = reception()
    desk.start(0)

    assert desk.receive(on.TranscriptReceived("Lisa", is_final=True), 3) == []


def test_silence_gets_the_menu_again_and_then_a_goodbye() -> None:
    desk = at_menu()

    again = desk.tick(20 + RULES.menu_wait)
    played(desk, 30)
    goodbye = desk.tick(30 + RULES.menu_wait)
    ended = played(desk, 40)

    assert announced(again) == [Announcement.MENU_AGAIN]
    assert announced(goodbye) == [Announcement.NO_CHOICE]
    assert ended == [do.HangUp(EndReason.NO_CHOICE)]


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("the chef", 3),
        ("I'd like the storyteller please", 2),
        ("um sports", 4),
        ("tell me a story", 2),
    ],
)
def test_buddy_may_be_named_by_what_the_menu_calls_it(words: str, key: int) -> None:
    commands = at_menu().receive(on.TranscriptReceived(words, is_final=True), 22)

    assert commands == [do.PutThrough(key)]


@pytest.mark.parametrize(
    ("words", "key"), [("Maya and not the chef", 6), ("the coach, two please", 2)]
)
def test_name_or_number_says_more_than_a_role(words: str, key: int) -> None:
    commands = at_menu().receive(on.TranscriptReceived(words, is_final=True), 22)

    assert commands == [do.PutThrough(key)]


def test_who_names_two_roles_is_asked_again() -> None:
    commands = at_menu().receive(on.TranscriptReceived("news or sports", is_final=True), 22)

    assert announced(commands) == [Announcement.MENU_AGAIN]


def test_who_only_listens_is_given_time() -> None:
    desk = at_menu()

    commands = desk.receive(on.TranscriptReceived("mm-hm, okay", is_final=True), 22)

    assert commands == []
    assert desk.deadline == 26


def test_who_says_something_is_asked_more_often_than_who_says_nothing() -> None:
    desk = at_menu()

    said = []
    for now in range(22, 62, 10):
        said += announced(desk.receive(on.TranscriptReceived("hello?", is_final=True), now))
        played(desk, now + 5)

    assert said == [*[Announcement.MENU_AGAIN] * 3, Announcement.NO_CHOICE]


def test_favourite_gives_way_to_a_key_pressed_while_the_notice_is_said() -> None:
    desk = reception(Visitor(has_consented=True, favourite_key=6))
    desk.start(0)

    desk.receive(on.DigitPressed("2"), 1)

    assert played(desk, 3) == [do.Listen(), do.PutThrough(2)]


def test_pin_typed_before_a_buddy_is_there_chooses_nobody_and_is_looked_up_then() -> None:
    desk = reception(Visitor(has_consented=True))
    desk.start(0)
    pressed = [desk.receive(on.DigitPressed(key), 1) for key in "**83"]
    played(desk, 3)
    pressed += [desk.receive(on.DigitPressed(key), 4) for key in "05"]

    chosen = desk.receive(on.DigitPressed("1"), 5)

    assert pressed == [[]] * 6
    assert chosen == [do.Interrupt(ReplyId(2)), do.PutThrough(1), do.CheckPin("8305")]


def test_star_and_zero_lead_to_the_menu_instead_of_the_favourite() -> None:
    desk = reception(Visitor(has_consented=True, favourite_key=6))
    desk.start(0)

    pressed = press(desk, "*0", 1)

    assert pressed == []
    assert announced(played(desk, 3)) == [Announcement.MENU]


@pytest.mark.parametrize("keys", ["*0", "*1"])
def test_menu_is_said_again_to_who_asks_for_it(keys: str) -> None:
    desk = at_menu()

    assert announced(press(desk, keys, 21)) == [Announcement.MENU]


def test_menus_words_can_be_skipped_and_a_choice_is_still_waited_for() -> None:
    desk = reception(Visitor(has_consented=True))
    desk.start(0)
    played(desk, 3)

    assert press(desk, "#", 4) == [do.Interrupt(ReplyId(2))]
    assert desk.deadline == 4 + RULES.menu_wait
    assert press(desk, "2", 5) == [do.PutThrough(2)]


def test_notice_can_be_neither_skipped_nor_cut_short() -> None:
    desk = reception()
    desk.start(0)

    assert press(desk, "#*1*2*9", 1) == []


def test_what_a_buddy_is_to_see_to_is_handed_on() -> None:
    desk = reception(Visitor(has_consented=True, favourite_key=6))
    desk.start(0)

    press(desk, "*9*2*9*9", 1)

    asked = (Shortcut.SLOWER, Shortcut.OFF_THE_RECORD)
    assert played(desk, 3)[-1] == do.PutThrough(6, asked)


def test_nine_within_a_pin_declines_nothing() -> None:
    desk = reception()
    desk.start(0)

    assert [desk.receive(on.DigitPressed(key), 3) for key in "**9999"] == [[]] * 6
    assert played(desk, 10)[0] == do.RecordConsent()


def test_refusal_is_said_and_ends_the_call_without_listening() -> None:
    desk = reception(Visitor(refusal=Announcement.NO_TALK_TIME))

    first = desk.start(0)
    ended = played(desk, 8)

    assert announced(first) == [Announcement.NO_TALK_TIME]
    assert ended == [do.HangUp(EndReason.NO_TALK_TIME)]


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (Announcement.NO_TALK_TIME_REGISTERED, EndReason.NO_TALK_TIME),
        (Announcement.WITHHELD_OVER, EndReason.NO_TALK_TIME),
        (Announcement.LINE_IN_USE, EndReason.LINE_IN_USE),
        (Announcement.ALL_LINES_BUSY, EndReason.ALL_LINES_BUSY),
        (Announcement.SERVICE_PAUSED, EndReason.SERVICE_PAUSED),
        (Announcement.FAIR_USE_OVER, EndReason.FAIR_USE_OVER),
        (Announcement.BUDGET_OVER, EndReason.BUDGET_OVER),
    ],
)
def test_each_refusal_is_kept_as_what_it_was(refusal: Announcement, reason: EndReason) -> None:
    desk = reception(Visitor(refusal=refusal))

    assert announced(desk.start(0)) == [refusal]
    assert played(desk, 8) == [do.HangUp(reason)]


def test_notice_that_got_lost_is_said_again_and_never_taken_as_heard() -> None:
    desk = reception()
    desk.start(0)

    again = desk.tick(RULES.stall)
    ended = desk.tick(2 * RULES.stall)

    assert announced(again) == [Announcement.NOTICE]
    assert ended == [do.Interrupt(ReplyId(2)), do.HangUp(EndReason.FAILED)]


def test_key_that_is_nobodys_changes_nothing() -> None:
    desk = at_menu()

    assert desk.receive(on.DigitPressed("7"), 21) == []
    assert desk.receive(on.DigitPressed("#"), 21) == []


def test_line_that_breaks_during_the_goodbye_does_not_change_why_the_call_ended() -> None:
    desk = at_menu()
    desk.receive(on.ServiceEnding(), 21)

    assert desk.receive(on.CallerHungUp(), 21.1) == [do.HangUp(EndReason.SERVICE_ENDING)]


def test_goodbye_is_said_once() -> None:
    desk = at_menu()
    desk.receive(on.ServiceEnding(), 21)

    assert desk.receive(on.ServiceEnding(), 22) == []
    assert desk.receive(on.DigitPressed("1"), 22) == []


@pytest.mark.parametrize(("event", "words", "reason"), ENDINGS)
def test_call_that_we_end_is_said_goodbye_to(
    event: on.ClosingEvent, words: Announcement, reason: EndReason
) -> None:
    desk = at_menu()

    assert announced(desk.receive(event, 21)) == [words]
    assert played(desk, 25) == [do.HangUp(reason)]


def test_line_that_breaks_is_told_from_a_caller_who_hangs_up() -> None:
    assert at_menu().receive(on.CallerHungUp(is_lost=True), 21) == [do.HangUp(EndReason.LINE_LOST)]


@dataclass(frozen=True)
class Step:
    """One thing that happens after some seconds."""

    delay: float
    event: on.Event | None  # None: what was being said is over


steps = st.lists(
    st.builds(
        Step,
        st.floats(0, 12),
        st.one_of(
            st.none(),
            st.sampled_from("123456789*#0").map(on.DigitPressed),
            st.sampled_from(["Ben", "hello", "", "one"]).map(
                lambda text: on.TranscriptReceived(text, is_final=True)
            ),
            st.just(on.TranscriptReceived("Li", is_final=False)),
            st.just(on.VoiceDetected()),
            st.builds(on.RecogniserLost, st.booleans()),
            st.builds(on.CallerHungUp, st.booleans()),
            st.builds(on.SpendStopped, st.sampled_from(on.StopReason)),
            st.sampled_from([on.ServiceEnding(), on.CallDeleted(), on.TalkTimeOver()]),
        ),
    ),
    max_size=30,
)
visitors = st.builds(
    Visitor,
    has_consented=st.booleans(),
    favourite_key=st.sampled_from([None, 1, 9]),
    refusal=st.sampled_from([None, None, Announcement.NO_TALK_TIME, Announcement.LINE_IN_USE]),
)


@given(visitors, steps)
@settings(max_examples=300, deadline=None)
def test_reception_always_ends_and_never_listens_without_consent(
    visitor: Visitor, script: list[Step]
) -> None:
    desk = reception(visitor)
    now = 0.0
    commands = desk.start(now)
    is_heard = False
    for step in script:
        now += step.delay
        commands += desk.tick(now)
        was_over = desk.deadline is None
        if step.event is None:
            is_heard = is_heard or desk.stage is Stage.NOTICE
            more = played(desk, now)
        else:
            more = desk.receive(step.event, now)
        assert not (was_over and more)
        commands += more
        assert is_heard or do.Listen() not in commands
        assert is_heard or not any(isinstance(c, do.PutThrough) for c in commands)
    for _ in range(20):
        if desk.deadline is None:
            break
        now = max(now, desk.deadline)
        commands += desk.tick(now)

    assert desk.deadline is None
    ends = [c for c in commands if isinstance(c, (do.HangUp, do.PutThrough))]
    assert len(ends) == 1
    if visitor.refusal is not None:
        assert do.Listen() not in commands


def test_who_stayed_before_the_stream_broke_hears_no_notice_again() -> None:
    desk = reception(Visitor(is_back=True))

    assert announced(desk.start(0)) == [Announcement.MENU]


def test_who_talked_before_the_stream_broke_is_back_with_their_buddy() -> None:
    desk = reception(Visitor(is_back=True, favourite_key=2))

    assert desk.start(0) == [do.Listen(), do.PutThrough(2)]


def test_who_had_not_stayed_yet_hears_the_notice_again() -> None:
    desk = reception(Visitor(favourite_key=2))

    assert announced(desk.start(0)) == [Announcement.NOTICE]
