"""Talk time of many accounts: whatever happens, in whatever order, it adds up."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.database import Database
from shared.services import talk_time
from tests.support.builders import NOW, open_call
from tests.support.talk_time_proof import prove_every_change
from tests.support.talk_time_world import World

EVENTS = 20_000


def test_whatever_happens_nothing_is_created_and_a_crash_costs_a_quantum_at_most(
    database: Database,
) -> None:
    world = World(database, seed=3)
    prove_every_change(database)

    world.run(EVENTS)
    world.finish()

    assert world.events == EVENTS
    assert min(world.happened.values()) > 10  # of each kind


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE talk_time SET seconds_left = seconds_left + 1",
        "UPDATE reservation SET taken_seconds = taken_seconds - 1",
        "DELETE FROM reservation",
        (
            "INSERT INTO ledger_entry (account_id, cause, seconds, used_seconds, booked_at) "
            "SELECT account_id, 'x', 1, 0, now() FROM talk_time"
        ),
    ],
)
def test_the_proof_refuses_what_does_not_add_up(database: Database, change: str) -> None:
    call_id = open_call(database).call_id
    database.transact_now(talk_time.reserve, call_id=call_id, used_seconds=0, now=NOW)
    prove_every_change(database)

    with pytest.raises(DBAPIError, match="but its ledger says"):
        database.transact_now(lambda session: session.execute(text(change)))
