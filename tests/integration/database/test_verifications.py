"""Proving numbers: the flow on a real database, with a vendor that sends nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from buddy_site.gateways.twilio_verify import Unanswered
from shared import wordings
from shared.database import Database
from shared.domain.spending import Component
from shared.domain.verification import Channel
from shared.domain.verification_refusals import (
    CodeExpired,
    CodeMalformed,
    CodeWrong,
    CountryNotServed,
    NoVerification,
    NumberAlreadyYours,
    ResendTooEarly,
    TooManyChecks,
    TooManyCodes,
    TooManyNumbers,
)
from shared.phone import PhoneNumber
from shared.seed.vendor_prices import vendor_prices
from shared.services import accounts, consents, personas, phone_lines, spending
from shared.services.accounts import AdultUnconfirmed
from shared.services.verifications import StepView
from shared.wordings import ConsentKind
from tests.support.builders import KIM, NOW, SAM, registered_account
from tests.support.proving import World

CODE, CALL = Channel.SMS, Channel.CALL
SERVICE = wordings.current(ConsentKind.SERVICE_SMS).version
OTP = wordings.current(ConsentKind.OTP_SMS).version


@pytest.fixture
def world(database: Database) -> World:
    return World(database, registered_account(database))


async def test_only_adults_prove_numbers(world: World) -> None:
    world.account_id = registered_account(world.database, "somebody")

    with pytest.raises(AdultUnconfirmed):
        await world.send()

    assert world.codes.asked.total() == 0


async def test_the_right_code_proves_the_number_and_grants_the_trial(world: World) -> None:
    await world.send()
    step = await world.step()
    proved = await world.proving.check(world.account_id, world.codes.code_of(SAM))

    assert step == StepView(
        number=SAM,
        channel=Channel.SMS,
        was_sent=True,
        is_certain=True,
        is_expired=False,
        resend_at=NOW + timedelta(seconds=30),
        sends_left=4,
        tries_left=5,
    )
    assert (proved.line.number, proved.granted_seconds, proved.offer) == (SAM.e164, 900, None)
    assert world.numbers() == [SAM.e164]
    assert await world.step() is None
    profile = world.database.transact_now(
        accounts.profile, account_id=world.account_id, now=world.watch.now()
    )
    assert profile.seconds_left == 900


async def test_what_was_agreed_to_is_kept_with_its_words(world: World) -> None:
    await world.send(otp_wording=OTP, service_wording=SERVICE)

    given = world.database.transact_now(consents.overview, account_id=world.account_id)

    assert {(consent.kind, consent.wording_version) for consent in given} == {
        (ConsentKind.ADULT, wordings.current(ConsentKind.ADULT).version),
        (ConsentKind.OTP_SMS, OTP),
        (ConsentKind.SERVICE_SMS, SERVICE),
    }


async def test_a_wrong_code_says_how_many_tries_are_left_until_there_are_none(world: World) -> None:
    await world.send()
    wrong, right = world.codes.wrong_code_of(SAM), world.codes.code_of(SAM)

    left = []
    for _ in range(4):
        with pytest.raises(CodeWrong) as refusal:
            await world.proving.check(world.account_id, wrong)
        left.append(refusal.value.tries_left)
    with pytest.raises(TooManyChecks):
        await world.proving.check(world.account_id, wrong)
    with pytest.raises(NoVerification):
        await world.proving.check(world.account_id, right)

    assert left == [4, 3, 2, 1]
    assert (len(world.codes.canceled), await world.step(), world.numbers()) == (1, None, [])


async def test_what_is_no_code_is_not_sent_to_the_vendor(world: World) -> None:
    await world.send()

    with pytest.raises(CodeMalformed):
        await world.proving.check(world.account_id, "12 34")

    step = await world.step()
    assert (world.codes.asked["check"], step and step.tries_left) == (0, 5)


async def test_resending_has_to_wait_longer_each_time(world: World) -> None:
    waits = []
    for seconds in (30, 60):
        await world.send()
        world.watch.pass_by(seconds=seconds - 1)
        with pytest.raises(ResendTooEarly) as refusal:
            await world.send()
        waits.append((refusal.value.until - world.watch.now()).total_seconds())
        world.watch.pass_by(seconds=1)
    await world.send(channel=Channel.CALL)

    assert waits == [1, 1]
    assert [channel for _, channel in world.codes.sent] == [CODE, CODE, CALL]
    assert world.codes.asked["line_type"] == 1


async def test_a_number_gets_three_codes_in_ten_minutes_whoever_asks(world: World) -> None:
    world.constants["verification_first_resend_seconds"] = 0
    world.constants["verification_second_resend_seconds"] = 0
    world.constants["verification_later_resend_seconds"] = 0
    other = World(
        world.database, registered_account(world.database, "kim"), world.codes, world.watch
    )

    await world.send()
    await world.send()
    await other.send()
    with pytest.raises(TooManyCodes) as refusal:
        await world.send()
    world.watch.pass_by(minutes=10)
    await world.send()

    assert refusal.value.until == NOW + timedelta(minutes=10)
    assert len(world.codes.sent) == 4


async def test_one_code_is_sent_five_times_at_most(world: World) -> None:
    world.constants |= {"verification_number": 99, "verification_later_resend_seconds": 60}
    for _ in range(5):
        await world.send()
        world.watch.pass_by(minutes=1)

    with pytest.raises(TooManyCodes) as refusal:
        await world.send()

    assert (refusal.value.scope, refusal.value.until) == ("sends", NOW + timedelta(minutes=10))


async def test_a_code_runs_out(world: World) -> None:
    await world.send()
    code = world.codes.code_of(SAM)
    world.watch.pass_by(minutes=10)

    with pytest.raises(CodeExpired):
        await world.proving.check(world.account_id, code)

    step = await world.step()
    assert step is not None
    assert (step.is_expired, world.codes.asked["check"]) == (True, 0)
    await world.send()
    await world.proving.check(world.account_id, world.codes.code_of(SAM))
    assert world.numbers() == [SAM.e164]


async def test_another_number_makes_the_first_ones_code_void(world: World) -> None:
    await world.send(SAM)
    first = world.codes.code_of(SAM)

    await world.send(KIM)

    step = await world.step()
    assert (len(world.codes.canceled), step and step.number) == (1, KIM)
    with pytest.raises(CodeWrong):
        await world.proving.check(world.account_id, first)


async def test_changing_the_number_goes_back_to_the_start(world: World) -> None:
    await world.send()

    await world.proving.change(world.account_id)
    await world.proving.change(world.account_id)

    assert (len(world.codes.canceled), await world.step()) == (1, None)


async def test_what_codes_cost_is_booked_before_they_are_sent(world: World) -> None:
    await world.send()
    world.watch.pass_by(seconds=30)
    world.codes.failures["start"].append(Unanswered("nobody knows"))
    with pytest.raises(Unanswered):
        await world.send()

    spent = world.database.transact_now(spending.spent, now=NOW)

    verification, lookup = (
        vendor_prices()[one] for one in (Component.VERIFICATION, Component.LOOKUP)
    )
    assert spent == verification.of(2) + lookup.of(1)


@pytest.mark.parametrize(
    "constant", [{"spending_is_paused": 1.0}, {"spending_daily_budget_micros": 0.0}]
)
async def test_no_code_is_sent_once_the_day_is_spent_or_all_is_paused(
    world: World, constant: dict[str, float]
) -> None:
    for name, value in constant.items():
        world.database.transact_now(personas.set_constant, name=name, value=value, now=NOW)

    with pytest.raises(TooManyCodes) as refusal:
        await world.send()

    assert (refusal.value.scope, refusal.value.until) == ("budget", NOW + timedelta(hours=12))
    assert not world.codes.asked


async def test_other_countries_cost_nothing(world: World) -> None:
    with pytest.raises(CountryNotServed):
        await world.send(PhoneNumber("+442079460000"))

    assert not world.codes.asked


async def test_a_vendor_that_is_asked_by_strangers_is_asked_in_the_same_way(world: World) -> None:
    """Whether a number is unknown, has called, or is somebody else's shows nowhere."""
    owner = registered_account(world.database, "kim")
    known, unknown = KIM, PhoneNumber("+16045550123")
    world.database.transact_now(
        phone_lines.attach_verified, account_id=owner, number=known, now=NOW
    )

    answers = []
    for subject, number in (("a", known), ("b", unknown)):
        asking = World(world.database, registered_account(world.database, subject))
        await asking.send(number)
        step = await asking.step()
        assert step is not None
        answers.append((asking.codes.asked, step.resend_at, step.sends_left))

    assert answers[0] == answers[1]


async def test_ones_own_number_is_not_proved_twice_and_five_are_enough(world: World) -> None:
    for last in range(5):
        world.database.transact_now(
            phone_lines.attach_verified,
            account_id=world.account_id,
            number=PhoneNumber(f"+1415555013{last}"),
            now=NOW,
        )

    with pytest.raises(NumberAlreadyYours):
        await world.send(PhoneNumber("+14155550130"))
    with pytest.raises(TooManyNumbers):
        await world.send(SAM)

    assert not world.codes.asked


async def test_five_tries_at_once_are_all_there_are(world: World) -> None:
    await world.send()
    right = world.codes.code_of(SAM)
    guesses = [f"{(int(right) + n) % 10**6:06}" for n in range(1, 21)]

    outcomes = await asyncio.gather(
        *(world.proving.check(world.account_id, guess) for guess in guesses),
        return_exceptions=True,
    )

    assert world.codes.asked["check"] == 5
    assert all(isinstance(o, CodeWrong | TooManyChecks | NoVerification) for o in outcomes)
