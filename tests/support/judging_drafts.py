"""What must hold of the replies that are prepared ahead, in any call."""

from __future__ import annotations

from tests.support.judging_turns import DICTATED, FRAME, SLACK, turns_taken
from tests.support.witnessed_call import Happening, WitnessedCall
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.machine import Phase

READY_AFTER = 0.5  # seconds from a draft's first words to their sound, and some


def replies_are_prepared_within_their_bounds(call: WitnessedCall) -> None:
    """Require: one at a time, for the words so far, at most as many as the rules allow; used if right."""
    rules = call.phone.rules
    assert rules is not None
    alive: do.PrepareReply | None = None
    tries = 0
    for one in call.happenings:
        if one.after is Phase.LISTENING and one.before is not Phase.LISTENING:
            tries = 0
        for command in one.commands:
            match command:
                case do.PrepareReply(_, history):
                    assert alive is None, "one at a time"
                    alive = command
                    tries += 1
                    assert tries <= rules.speculations
                    assert history[-1].text.endswith(one.turn), "it answers what was said"
                case do.DiscardReply(reply):
                    is_held = not isinstance(one.event, on.SegmentGenerated | on.ReplyGenerated)
                    assert is_held, "what becomes of a draft is told after its commit"
                    assert alive is not None
                    assert alive.reply == reply
                    alive = None
                case do.CommitReply(reply):
                    assert alive is not None
                    assert alive.reply == reply
                    assert _words(alive.history[-1].text).endswith(_words(one.turn_before))
                    alive = None
                case do.GenerateReply(_, history) if alive is not None:
                    assert _words(history[-1].text) != _words(alive.history[-1].text), (
                        "what was prepared for these words is used"
                    )
                case _:
                    pass
        if alive is not None and one.after is Phase.LISTENING:
            assert _words(alive.history[-1].text).endswith(_words(one.turn)), (
                "other words discard what was prepared"
            )


def what_is_worth_preparing_is_prepared(call: WitnessedCall) -> None:
    """Require: a turn that stood for a while before its end has had a reply prepared for it."""
    rules = call.phone.rules
    assert rules is not None
    for taken, _ in turns_taken(call):
        since = [one for one in call.happenings if one.at <= taken.at and one is not taken]
        last = next(
            (
                number
                for number in reversed(range(len(since)))
                if isinstance(since[number].event, on.TranscriptReceived)
                and since[number].turn != since[number].turn_before
            ),
            None,
        )
        if last is None or since[last].at > taken.at - rules.speculate_after - SLACK:
            continue
        if any(isinstance(one.event, on.Hint) for one in since[last:]):
            continue  # a voice holds it back, or it was taken back
        if not _is_final(since[last]) or since[last].turn.endswith(DICTATED):
            continue
        turn = since[_began(since) :]
        tried = [c for one in turn for c in one.commands if isinstance(c, do.PrepareReply)]
        if len(tried) >= rules.speculations:
            continue
        after = [c for one in since[last:] for c in one.commands]
        before = [
            c for c in tried if _words(c.history[-1].text).endswith(_words(taken.turn_before))
        ]
        assert before or any(isinstance(c, do.PrepareReply) for c in after)


def _is_final(one: Happening) -> bool:
    return isinstance(one.event, on.TranscriptReceived) and one.event.is_final


def _began(since: list[Happening]) -> int:
    """Return where the caller's turn began among what happened."""
    return max(
        (
            number
            for number, one in enumerate(since)
            if one.after is Phase.LISTENING and one.before is not Phase.LISTENING
        ),
        default=0,
    )


def a_prepared_reply_is_heard_at_once(call: WitnessedCall) -> None:
    """Require: what was ready when the turn ended begins within a frame of that."""
    if any(made.is_broken for made in call.voice.makings) or call.phone.leg.send_seconds:
        return
    sent = call.phone.leg.sent
    for number, order in enumerate(call.orders):
        if not isinstance(order.command, do.CommitReply):
            continue
        reply = order.command.reply
        (draft,) = [one for one in call.model.writings if one.reply == reply]
        spoken = (o.command for o in call.orders[number:])
        first = next((c for c in spoken if isinstance(c, do.Speak)), None)
        if first is None or first.reply != reply or draft.is_broken:
            continue
        texts = [m for m in call.voice.makings if m.text == first.text]
        if not texts or texts[0].began_at > order.at - READY_AFTER:
            continue
        asides = [c for _, c in call.commands if isinstance(c, do.Announce) and c.reply == reply]
        if asides:
            continue
        heard = next((s.at for s in sent[order.sent :] if s.kind == "audio"), None)
        assert heard is not None
        assert heard <= order.at + FRAME, "what was made ahead is heard at once"


def drafts_have_their_first_words_made(call: WitnessedCall) -> None:
    """Require: the first segment of a draft, and no other, is made before its commit."""
    for at, command in call.commands:
        if isinstance(command, do.CommitReply | do.DiscardReply):
            ready = [
                one
                for one in call.voice.makings
                if one.began_at < at
                and any(
                    w.reply == command.reply and w.text.startswith(one.text[:3])
                    for w in call.model.writings
                )
            ]
            written = [w for w in call.model.writings if w.reply == command.reply]
            ended = written and written[0].ended_at is not None and written[0].ended_at < at - FRAME
            if ended and not written[0].is_broken:
                assert ready, "the first words of a draft are made ahead"
            name = {w.text[:2] for w in written}
            made = {m.text for m in call.voice.makings if m.began_at < at and m.text[:2] in name}
            assert len(made) <= 1, "no more than its first words"


def _words(text: str) -> str:
    return " ".join(text.split())


JUDGES = (
    replies_are_prepared_within_their_bounds,
    what_is_worth_preparing_is_prepared,
    a_prepared_reply_is_heard_at_once,
    drafts_have_their_first_words_made,
)
