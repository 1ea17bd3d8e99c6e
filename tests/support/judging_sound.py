"""What must hold of the sound of any call: on the line, at the caller's ear, at the recogniser."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.fake_sound import fake_speech, words_in
from tests.support.scripted_call import TEXTS
from tests.support.witnessed_call import WORD, WitnessedCall, name_of, words
from voice.conversation import commands as do
from voice.conversation.events import ReplyId
from voice.conversation.machine import Phase
from voice.ports import BYTES_A_SECOND, FRAME_BYTES

BUDDYS_TURN = {Phase.THINKING, Phase.SPEAKING}
FRAME = 0.02  # seconds
MOST_SILENCE = 4.0  # seconds, when it is the buddy's turn
LONGEST_MESSAGE = BYTES_A_SECOND // 5  # 200 ms
MARK_EVERY = BYTES_A_SECOND + LONGEST_MESSAGE  # bytes: a second, and the message that completes it


@dataclass(slots=True)
class Sent:
    """One segment as it went out on the line."""

    messages: list[bytes]
    mark: str  # its last one; empty: it was cut off

    @property
    def audio(self) -> bytes:
        return b"".join(self.messages)


def segments_sent(call: WitnessedCall) -> Iterator[Sent]:
    """Take the line apart: a segment ends with its last mark, or where the line was cleared."""
    messages: list[bytes] = []
    for sent in call.phone.leg.sent:
        if sent.kind == "audio":
            messages.append(sent.audio)
        elif sent.kind == "clear" or sent.name.endswith(":end"):
            yield Sent(messages, sent.name)
            messages = []


def only_the_reply_at_hand_is_heard(call: WitnessedCall) -> None:
    """Require: no two replies overlap, and nothing of one is said before its commit or after its end."""
    orders = iter(call.orders)
    order = next(orders, None)
    current, allowed = ReplyId(-1), ""
    retired: set[ReplyId] = set()
    prepared: dict[ReplyId, bool] = {}  # and whether it was committed
    for number, sent in enumerate(call.phone.leg.sent):
        while order is not None and order.sent <= number:
            match order.command:
                case do.Speak(reply, _, text):
                    assert prepared.get(reply, True), "nothing is said before its commit"
                    assert reply not in retired, "nothing is said of a retired reply"
                    allowed = text if reply != current else allowed + text
                    current = reply
                case do.Announce(reply, _, announcement):
                    text = TEXTS[announcement]
                    allowed = text if reply != current else allowed + text
                    current = reply
                case do.Interrupt(reply) | do.DiscardReply(reply):
                    retired.add(reply)
                case do.PrepareReply(reply):
                    prepared[reply] = False
                case do.CommitReply(reply):
                    prepared[reply] = True
                case _:
                    pass
            order = next(orders, None)
        if sent.kind != "audio" or current < 0:
            continue
        assert current not in retired, "nothing is said after the call moved on"
        heard = set(words_in(sent.audio))
        assert heard <= set(allowed), "two replies never overlap"


def what_is_prepared_is_not_heard(call: WitnessedCall) -> None:
    """Require: of a reply that was discarded, nobody ever hears, reads or remembers a word."""
    discarded = {name_of(c.reply) for _, c in call.commands if isinstance(c, do.DiscardReply)}
    told = [heard.word for heard in call.heard()]
    for _, command in call.commands:
        match command:
            case do.WriteEntry(_, text, unheard):
                told += words(f"{text} {unheard}")
            case do.ShowInterim(_, text) | do.Speak(_, _, text):
                told += words(text)
            case do.GenerateReply(_, history) | do.PrepareReply(_, history):
                told += [word for message in history for word in words(message.text)]
            case _:
                pass
    assert not discarded & {word[:2] for word in told}


def an_interruption_clears_the_line_at_once(call: WitnessedCall) -> None:
    """Require: the line is cleared in the moment of the order, before anything else goes out."""
    sent = call.phone.leg.sent
    for order in call.orders:
        if isinstance(order.command, do.Interrupt):
            assert order.sent < len(sent), "an interruption clears the line"
            clear = sent[order.sent]
            assert (clear.kind, clear.at) == ("clear", order.at)


def sound_goes_out_as_it_comes(call: WitnessedCall) -> None:
    """Require: the first frame goes alone, the rest in short messages, a mark a second, nothing lost."""
    texts = {}
    for _, command in call.commands:
        match command:
            case do.Speak(reply, number, text):
                texts[f"{reply}:{number}"] = text
            case do.Announce(reply, number, announcement):
                texts[f"{reply}:{number}"] = TEXTS[announcement]
            case _:
                pass
    broken = {made.text for made in call.voice.makings if made.is_broken}
    for segment in segments_sent(call):
        if segment.messages:
            assert len(segment.messages[0]) <= FRAME_BYTES, "the first frame goes alone, at once"
            assert max(map(len, segment.messages)) <= LONGEST_MESSAGE
        said = texts.get(segment.mark.removesuffix(":end"))
        if said is not None and said not in broken:
            assert segment.audio == fake_speech(said), "what is said is said whole"
    since = 0
    for sent in call.phone.leg.sent:
        since = since + len(sent.audio) if sent.kind == "audio" else 0
        assert since <= MARK_EVERY, "a mark at least every second tells what was heard"


def nobody_waits_long(call: WitnessedCall) -> None:
    """Require: while it is the buddy's turn, the line is never silent for long."""
    until = call.ended_at
    began: float | None = None
    for at, phase in [*call.phases, (until, Phase.ENDED)]:
        if phase in BUDDYS_TURN:
            began = at if began is None else began
        elif began is not None:
            sounds = sorted(
                (max(sound.started_at, began), min(sound.ended_at, at))
                for sound in call.phone.leg.playbacks
                if sound.ended_at > began and sound.started_at < at
            )
            quiet_since = began
            for started, ended in [*sounds, (at, at)]:
                assert started - quiet_since <= MOST_SILENCE, "a wait is covered"
                quiet_since = max(quiet_since, ended)
            began = None


def nothing_is_said_while_the_caller_has_the_floor(call: WitnessedCall) -> None:
    """Require: what plays stops when the floor changes hands."""
    seconds = 0.0
    for (began, phase), (ended, _) in itertools.pairwise(
        [*call.phases, (call.ended_at, Phase.ENDED)]
    ):
        if phase is Phase.LISTENING:
            overlaps = (
                min(sound.ended_at, ended) - max(sound.started_at, began)
                for sound in call.phone.leg.playbacks
            )
            seconds += sum(overlap for overlap in overlaps if overlap > 0)
    assert seconds < FRAME


def work_on_a_retired_reply_ends(call: WitnessedCall) -> None:
    """Require: neither the model nor a voice goes on with what nobody will hear."""
    texts: dict[ReplyId, set[str]] = {}
    for at, command in call.commands:
        match command:
            case do.Speak(reply, _, text):
                texts.setdefault(reply, set()).add(text)
            case do.Interrupt(reply) | do.DiscardReply(reply):
                written = [one for one in call.model.writings if one.reply == reply]
                assert all(one.ended_at is not None for one in written)
                assert all((one.ended_at or 0) <= at + FRAME for one in written)
                made = [
                    one
                    for one in call.voice.makings
                    if one.began_at <= at
                    and (one.text in texts.get(reply, ()) or _is_of(one.text, reply))
                ]
                assert all((one.ended_at or at + 1) <= at + FRAME for one in made)
            case _:
                pass


def the_recogniser_hears_all_of_it(call: WitnessedCall) -> None:
    """Require: every frame from the notice on reaches the recogniser, once and in order."""
    streams = call.phone.recogniser.streams
    if len(streams) == 1:
        heard = bytes(streams[0].audio)
        said = bytes(call.sound[call.unheard_of :])
        assert said.startswith(heard)
        assert len(said) - len(heard) <= FRAME_BYTES


def what_was_made_is_made_once(call: WitnessedCall) -> None:
    """Require: what was prepared ahead is not made again when it is said."""
    made = [one.text for one in call.voice.makings if WORD.search(one.text) and one.is_whole]
    assert len(made) == len(set(made))


def _is_of(text: str, reply: ReplyId) -> bool:
    return any(word.startswith(name_of(reply)) for word in words(text))


JUDGES = (
    only_the_reply_at_hand_is_heard,
    what_is_prepared_is_not_heard,
    an_interruption_clears_the_line_at_once,
    sound_goes_out_as_it_comes,
    nobody_waits_long,
    nothing_is_said_while_the_caller_has_the_floor,
    work_on_a_retired_reply_ends,
    the_recogniser_hears_all_of_it,
    what_was_made_is_made_once,
)
