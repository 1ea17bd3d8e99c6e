"""Random events of streams: they break, told of or not, and other processes go on with the calls."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from shared.domain.timings import CallFigures
from shared.services import calls, resumptions, talk_time
from shared.services.calls import CallNotFound
from shared.services.talk_time import StreamReplaced
from tests.support.talk_time_calls import CallEvents
from tests.support.talk_time_model import Call

COMES_BACK = 0.85  # of the lines that are told to open another stream


class StreamEvents(CallEvents):
    """What may happen to the streams of calls."""

    def __init__(self, seed: int | str, *, people: int) -> None:
        super().__init__(seed, people=people)
        self._replaced: list[tuple[Call, str]] = []  # streams that live on without their call

    def lose_stream(self, session: Session) -> None:
        """Let a stream break whose process tells of it."""
        call = self._one_of([c for c in self.running if c.stream_sid is not None])
        if call is None or call.stream_sid is None:
            return
        self._speak(call)
        resumptions.lose_stream(
            session,
            call_id=call.call_id,
            stream_sid=call.stream_sid,
            reason="line_lost",
            used_seconds=call.spoken,
            figures=CallFigures(),
            now=self.now,
        )
        if call.status != "gone":
            call.lose(call.spoken, self.now)
        call.is_alive = False
        self._stop_running(call)

    def take_over(self, session: Session) -> None:
        """Let another process go on with a call, whether or not the first one is dead."""
        may_break = [c for c in (*self.running, *self.ended) if c.stream_sid is not None]
        call = self._one_of([c for c in may_break if c.status != "gone"])
        if call is None or call.stream_sid is None:
            return
        resumable = resumptions.resume_call(session, call_sid=call.call_sid, now=self.now)
        assert (resumable is not None) == call.may_go_on()
        if resumable is None:
            return
        session.flush()
        call.wait_for_a_stream(self.now)
        if call in self.running:
            self._replaced.append((call, call.stream_sid))
            self._stop_running(call)
        call.is_alive = False
        if self.random.random() > COMES_BACK:
            return
        opened = self._open(session, call, resumable.stream_token)
        assert opened.resumption is not None
        assert opened.resumption.used_seconds == call.go_on(self.now)
        if call in self.ended:  # or it was forgotten, having nothing to lose
            self.ended.remove(call)
            self.running.append(call)

    def ask_for_what_was_replaced(self, session: Session) -> None:
        """Let a process that knows of nothing renew and end a call that is no longer its own."""
        if not self._replaced:
            return
        call, stream_sid = self._replaced.pop()
        if call.status == "gone" or call.stream_sid == stream_sid:
            return
        with pytest.raises((StreamReplaced, CallNotFound)):
            talk_time.reserve(
                session,
                call_id=call.call_id,
                used_seconds=call.spoken + 5,
                now=self.now,
                stream_sid=stream_sid,
            )
        calls.end_call(
            session,
            call_id=call.call_id,
            end_reason="caller_hung_up",
            used_seconds=call.spoken + 5,
            now=self.now,
            stream_sid=stream_sid,
        )
