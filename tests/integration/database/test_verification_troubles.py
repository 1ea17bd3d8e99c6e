"""Proving numbers where the vendor refuses, fails, or answers nobody, and where a line gets no texts."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from buddy_site.gateways.twilio_verify import Busy, Unanswered
from shared.database import Database
from shared.domain.verification import Channel, LineType
from shared.domain.verification_refusals import (
    CodeExpired,
    CodeWrong,
    LineNotServed,
    NoVerification,
    NumberBlocked,
    TextsNotReceived,
)
from shared.errors import ProviderError
from tests.support.builders import KIM, SAM, registered_account
from tests.support.proving import World


@pytest.fixture
def world(database: Database) -> World:
    return World(database, registered_account(database))


async def test_a_code_that_the_vendor_forgot_has_run_out(world: World) -> None:
    await world.send()
    world.codes.forget(SAM)

    with pytest.raises(CodeExpired):
        await world.proving.check(world.account_id, "123456")

    assert await world.step() is None


async def test_a_number_that_changes_while_its_code_is_sent_gets_a_void_one(world: World) -> None:
    async with asyncio.timeout(10), world.codes.held() as waits:
        sending = asyncio.create_task(world.send())
        await waits.wait()
        await world.proving.change(world.account_id)
    await sending

    assert (len(world.codes.sent), len(world.codes.canceled)) == (1, 1)
    assert await world.step() is None


@pytest.mark.parametrize("lost", ["before", "after"])
async def test_where_the_answer_is_lost_the_code_counts_if_it_arrives(
    world: World, lost: str
) -> None:
    planned = world.codes.failures if lost == "before" else world.codes.lost_answers
    planned["start"].append(Unanswered("nobody knows"))

    with pytest.raises(Unanswered):
        await world.send()

    step = await world.step()
    assert step is not None
    assert (step.was_sent, step.is_certain) == (True, False)
    if lost == "before":
        world.watch.pass_by(seconds=30)
        await world.send()
    await world.proving.check(world.account_id, world.codes.code_of(SAM))
    assert world.numbers() == [SAM.e164]


async def test_where_the_answer_to_a_check_is_lost_another_code_helps(world: World) -> None:
    await world.send()
    world.codes.lost_answers["check"].append(Unanswered("nobody knows"))
    code = world.codes.code_of(SAM)

    with pytest.raises(Unanswered):
        await world.proving.check(world.account_id, code)
    with pytest.raises(CodeExpired):
        await world.proving.check(world.account_id, code)
    await world.send()
    await world.proving.check(world.account_id, world.codes.code_of(SAM))

    assert world.numbers() == [SAM.e164]


@pytest.mark.parametrize(
    "refusal", [Busy("too many"), NumberBlocked(), ProviderError("twilio", "401", retryable=False)]
)
async def test_a_code_that_was_certainly_not_sent_leaves_nothing_to_wait_for(
    world: World, refusal: Exception
) -> None:
    world.codes.failures["start"].append(refusal)

    with pytest.raises(type(refusal)):
        await world.send()

    assert await world.step() is None
    await world.send()
    assert len(world.codes.sent) == 1


async def test_a_refused_resend_leaves_the_code_that_was_sent(world: World) -> None:
    await world.send()
    world.watch.pass_by(seconds=30)
    world.codes.failures["start"].append(Busy("too many"))

    with pytest.raises(Busy):
        await world.send()
    await world.proving.check(world.account_id, world.codes.code_of(SAM))

    assert world.numbers() == [SAM.e164]


async def test_a_landline_is_noticed_before_anything_is_sent_and_can_be_called(
    world: World,
) -> None:
    world.codes.line_types[SAM] = LineType.LANDLINE

    with pytest.raises(TextsNotReceived):
        await world.send()
    step = await world.step()
    with pytest.raises(NoVerification):
        await world.proving.check(world.account_id, "123456")
    await world.send(channel=Channel.CALL)

    assert step is not None
    assert (step.number, step.was_sent, step.resend_at) == (SAM, False, None)
    assert world.codes.sent == [(SAM, Channel.CALL)]


@pytest.mark.parametrize("refuses_voip", [0.0, 1.0])
async def test_internet_telephony_is_the_operators_decision(
    world: World, refuses_voip: float
) -> None:
    world.constants["verification_refuses_voip"] = refuses_voip
    world.codes.line_types[SAM] = LineType.NON_FIXED_VOIP

    if refuses_voip:
        with pytest.raises(LineNotServed):
            await world.send()
    else:
        await world.send()

    assert len(world.codes.sent) == (0 if refuses_voip else 1)


@pytest.mark.parametrize("refuses_voip", [0.0, 1.0])
async def test_without_a_look_up_the_code_goes_out_unless_a_policy_needs_it(
    world: World, refuses_voip: float
) -> None:
    world.constants["verification_refuses_voip"] = refuses_voip
    world.codes.failures["line_type"].append(Unanswered("nobody knows"))

    if refuses_voip:
        with pytest.raises(Busy):
            await world.send()
        assert await world.step() is None
    else:
        await world.send()

    assert len(world.codes.sent) == (0 if refuses_voip else 1)


async def test_no_log_names_a_number_or_a_code(world: World) -> None:
    with capture_logs() as logs:
        world.codes.failures["line_type"].append(Unanswered("nobody knows"))
        await world.send()
        with pytest.raises(CodeWrong):
            await world.proving.check(world.account_id, world.codes.wrong_code_of(SAM))
        world.codes.failures["cancel"].append(Unanswered("nobody knows"))
        await world.proving.change(world.account_id)
        world.codes.failures["start"].append(NumberBlocked())
        with pytest.raises(NumberBlocked):
            await world.send(KIM)
        await world.send(KIM)
        code = world.codes.code_of(KIM)
        await world.proving.check(world.account_id, code)

    said = repr(logs)
    assert {entry["event"] for entry in logs} == {
        "line_not_looked_up",
        "code_sent",
        "code_not_canceled",
        "code_not_sent",
        "number_proved",
    }
    assert not [secret for secret in (SAM.e164[2:], KIM.e164[2:], code) if secret in said]
