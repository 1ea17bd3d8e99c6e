"""Verify's rules: lifetime, sends, checks, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.twilio.answers import Refusal
from sandbox.twilio.lines import Lines
from sandbox.twilio.verifications import Verification, Verifications, VerifyService

MOBILE = "+14155550123"
LANDLINE = "+14155550160"
SERVICE = "VA1"


class Bench:
    """Verifications with a clock that stands still and a list of what was sent."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
        self.lines = Lines()
        self.sent: list[tuple[str, str]] = []
        self.all = Verifications(VerifyService(SERVICE), lambda: self.now, self.lines, self._send)

    def _send(self, verification: Verification, _name: str) -> None:
        self.sent.append((verification.channel, verification.code))

    def start(
        self, to: str = MOBILE, channel: str = "sms", *, risk_check: bool = True
    ) -> Verification:
        return self.all.start(to, channel, risk_check=risk_check)

    def check(self, code: str, to: str = MOBILE) -> Verification:
        return self.all.check(code, to=to, sid=None)

    @property
    def code(self) -> str:
        return self.sent[-1][1]

    @property
    def wrong(self) -> str:
        return "000000" if self.code != "000000" else "111111"


def refused_start(bench: Bench, to: str = MOBILE, channel: str = "sms") -> int:
    with pytest.raises(Refusal) as refusal:
        bench.start(to, channel)
    return refusal.value.code


def refused_check(bench: Bench, code: str) -> int:
    with pytest.raises(Refusal) as refusal:
        bench.check(code)
    return refusal.value.code


def test_the_right_code_approves_once() -> None:
    bench = Bench()
    started = bench.start()

    checked = bench.check(bench.code)

    assert (started.sid, checked.status, checked.is_valid) == (checked.sid, "approved", True)
    assert len(bench.code) == 6
    assert refused_check(bench, bench.code) == 20404


def test_a_wrong_code_is_no_refusal() -> None:
    bench = Bench()
    bench.start()

    wrong = bench.check(bench.wrong)

    assert (wrong.status, wrong.is_valid) == ("pending", False)
    assert bench.check(bench.code).is_valid


def test_five_wrong_codes_lock_until_the_verification_would_have_expired() -> None:
    bench = Bench()
    first = bench.start()
    for _ in range(5):
        bench.check(bench.wrong)

    assert bench.all.fetch(first.sid).status == "max_attempts_reached"
    assert refused_check(bench, bench.code) == 60202
    assert refused_start(bench) == 60202
    bench.now += timedelta(minutes=10)
    assert bench.start().sid != first.sid


def test_another_start_sends_the_same_code_by_either_channel() -> None:
    bench = Bench()
    first = bench.start()
    bench.now += timedelta(minutes=9)

    second = bench.start(channel="call")

    assert first.sid == second.sid
    assert [attempt.channel for attempt in second.attempts] == ["sms", "call"]
    assert bench.sent == [("sms", second.code), ("call", second.code)]


def test_five_sends_are_the_most() -> None:
    bench = Bench()
    for _ in range(5):
        bench.start()

    assert refused_start(bench) == 60203
    assert len(bench.sent) == 5
    assert bench.check(bench.code).is_valid


def test_ten_minutes_after_the_first_send_it_is_gone() -> None:
    bench = Bench()
    first = bench.start()
    bench.now += timedelta(minutes=9, seconds=59)
    bench.start()
    bench.now += timedelta(seconds=1)

    assert refused_check(bench, bench.code) == 20404
    assert first.status == "expired"
    with pytest.raises(Refusal):
        bench.all.fetch(first.sid)
    assert bench.start().sid != first.sid


def test_a_canceled_verification_makes_room_for_another() -> None:
    bench = Bench()
    first = bench.start()

    canceled = bench.all.update(first.sid, "canceled")

    assert (canceled.status, canceled.is_valid) == ("canceled", False)
    assert refused_check(bench, bench.code) == 20404
    assert bench.start().sid != first.sid


@pytest.mark.parametrize(
    ("to", "channel", "code"),
    [
        (LANDLINE, "sms", 60205),
        ("+442079460123", "sms", 60605),
        ("+18765550123", "call", 60605),
        ("4155550123", "sms", 60200),
        ("+1415555012", "sms", 60200),
        ("nonsense", "call", 60200),
    ],
)
def test_what_can_not_be_sent_is_refused(to: str, channel: str, code: int) -> None:
    bench = Bench()

    assert refused_start(bench, to, channel) == code
    assert bench.sent == []


def test_a_landline_is_called() -> None:
    bench = Bench()

    assert bench.start(LANDLINE, "call").status == "pending"


def test_fraud_guard_blocks_texts_only_and_can_be_passed_by() -> None:
    bench = Bench()
    bench.all.service = bench.all.service.changed({"fraud_prefixes": ["+1415"]})

    assert refused_start(bench) == 60410
    assert bench.start(channel="call").status == "pending"
    assert bench.start(risk_check=False).status == "pending"


@pytest.mark.parametrize("status", ["expired", "failed", "deleted", "canceled", "approved"])
def test_a_verification_can_be_brought_to_its_end(status: str) -> None:
    bench = Bench()
    started = bench.start()

    bench.all.force(MOBILE, status)

    assert started.status == status
    assert refused_check(bench, bench.code) == 20404


def test_a_service_has_no_other_settings() -> None:
    with pytest.raises(ValueError, match="colour"):
        VerifyService(SERVICE).changed({"colour": "red"})
