"""Random events of calls: rung, renewed, crashed, swept and ended, in any order."""

from __future__ import annotations

from sqlmodel import Session

from shared.phone import PhoneNumber
from shared.services import calls, talk_time
from shared.services.calls import CallNotFound, OpenedCall, TakenCall
from tests.support.talk_time_model import LEASE, Call
from tests.support.talk_time_people import People

WITH_NUMBER = 0.95  # of the calls
WITH_STREAM = 0.2  # of them: those may lose it
FEWEST_RUNNING, MOST_RUNNING = 8, 60


class CallEvents(People):
    """What may happen to calls."""

    _sids = 0
    _streams = 0

    @property
    def calls(self) -> int:
        """How many calls there were."""
        return self._sids

    def ring(self, session: Session) -> None:
        if len(self.running) >= MOST_RUNNING:
            return self.hang_up(session)
        number = self.random.choice(self.numbers) if self.random.random() < WITH_NUMBER else None
        self._sids += 1
        sid = f"CA{self._sids}"
        taken = self._take(session, sid, number)
        if self.random.random() < 0.2:  # the webhook comes twice
            first, taken = taken, self._take(session, sid, number)
            assert (first.call_id, first.account_id) == (taken.call_id, taken.account_id)
        account = self.holders.get(number) if number is not None else None
        if account is None:
            account = self._new_account(taken.account_id)
            if number is None:
                self._grant(account, 60)
            else:
                self.holders[number] = account
        assert account.account_id == taken.account_id
        if number is not None and account.subject is None and self._first("pretrial", number):
            self._grant(account, 300)
        call = Call(taken.call_id, sid, account, number)
        account.calls.add(call)
        self.running.append(call)
        if self.random.random() < WITH_STREAM:
            self._open(session, call, taken.stream_token)
        return None

    def renew(self, session: Session) -> None:
        if (call := self._one_of(self.running)) is None:
            return
        self._speak(call)
        self._reserve(session, call, call.spoken)
        call.may_talk = len(call.seconds)

    def lose_an_answer(self, session: Session) -> None:
        if (call := self._one_of(self.running)) is not None:
            self._speak(call)
            self._reserve(session, call, call.spoken)

    def repeat_an_old_report(self, session: Session) -> None:
        if (call := self._one_of(self.running)) is not None:
            self._reserve(session, call, self.random.randint(0, call.spoken))

    def talk_on_alone(self, session: Session) -> None:
        """Talk while the database is away."""
        if (call := self._one_of(self.running)) is not None:
            call.spoken += self.random.randint(1, 25)
            call.talked_on = True

    def hang_up(self, session: Session) -> None:
        if len(self.running) < FEWEST_RUNNING:
            return self.ring(session)
        call = self.random.choice(self.running)
        self._speak(call)
        if self.random.random() < 0.3:
            self._call_back(session, call)  # Twilio was faster
        self._end(session, call)
        return None

    def hang_up_again(self, session: Session) -> None:
        if (call := self._one_of(self.ended)) is not None and call.is_alive:
            self._end(session, call)

    def renew_what_ended(self, session: Session) -> None:
        if (call := self._one_of(self.ended)) is not None and call.status == "settled":
            self._reserve(session, call, call.spoken)

    def callback(self, session: Session) -> None:
        if (call := self._one_of(self.running + self.ended[-10:])) is not None:
            self._call_back(session, call)

    def crash(self, session: Session) -> None:
        if (call := self._one_of(self.running)) is not None:
            self._speak(call)
            call.is_alive = False
            self._stop_running(call)

    def sweep(self, session: Session) -> None:
        if self.random.random() < 0.1:
            self.now += LEASE  # a stop of everything
        self._sweep(session)

    # How it is done.

    def _take(self, session: Session, sid: str, number: PhoneNumber | None) -> TakenCall:
        taken = calls.take_call(
            session, call_sid=sid, number=number, is_attested=True, now=self.now
        )
        for lost in self.ended:
            if lost.lost_at is not None and number is not None and lost.number == number:
                lost.end_lost(self.now)  # its caller is dialling anew
        return taken

    def _open(self, session: Session, call: Call, token: str) -> OpenedCall:
        self._streams += 1
        call.stream_sid = f"MZ{self._streams}"
        return calls.open_stream(
            session, call_sid=call.call_sid, stream_sid=call.stream_sid, token=token, now=self.now
        )

    def _reserve(self, session: Session, call: Call, used: int) -> None:
        try:
            granted = talk_time.reserve(
                session,
                call_id=call.call_id,
                used_seconds=used,
                now=self.now,
                stream_sid=call.stream_sid,
            )
        except CallNotFound:
            assert call.status == "gone"
            self._stop_running(call)
        else:
            call.reserve(granted, used, self.now)

    def _end(self, session: Session, call: Call) -> None:
        self._stop_running(call)
        try:
            calls.end_call(
                session,
                call_id=call.call_id,
                end_reason="caller_hung_up",
                used_seconds=call.spoken,
                now=self.now,
                stream_sid=call.stream_sid,
            )
        except CallNotFound:
            assert call.status == "gone"
            return
        if call.status != "new" or call.spoken or not call.has_ended:
            call.settle(call.spoken, self.now)
        call.has_ended = True

    def _call_back(self, session: Session, call: Call) -> None:
        status = self.random.choice(["ringing", "in-progress", "completed"])
        calls.update_status(
            session,
            call_sid=call.call_sid,
            status=status,
            sequence_number=self.random.randint(0, 3),
            duration_seconds=9 if status == "completed" else None,
            now=self.now,
        )
        call.is_line_over |= status == "completed"
        if status != "completed" or call.status == "gone" or call.has_ended:
            return
        if call.lost_at is not None:
            call.end_lost(self.now)
            return
        if call.status == "open" and call.lease_until >= self.now:
            return
        if call.status == "open":
            call.sweep(self.now)
        call.has_ended = True

    def _sweep(self, session: Session) -> None:
        expired = {
            call.call_id: call
            for call in (*self.running, *self.ended)
            if call.status == "open" and call.lease_until < self.now
        }
        swept = talk_time.sweep(session, now=self.now)
        assert len(swept) == min(len(expired), talk_time.SWEEP_AT_ONCE)
        for call_id in swept:
            call = expired[call_id]
            if call.lost_at is None:
                call.sweep(self.now)
            else:
                call.end_lost(self.now)
