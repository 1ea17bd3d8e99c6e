"""What a new installation begins with."""

from __future__ import annotations

import pytest

from shared.database import Database
from shared.seed.installation import DEMO_NUMBER, DemoRefused, seed, seed_demo, seed_installation
from shared.services import accounts, personas
from shared.settings import Settings
from tests.support.builders import NOW, character, open_call

SANDBOX = Settings.model_construct()
PRODUCTION = SANDBOX.model_copy(update={"environment": "production"})


def test_six_personas_answer_on_keys_one_to_six(database: Database) -> None:
    database.transact_now(seed, now=NOW)

    views = database.transact_now(personas.published)
    assert [(view.menu_key, view.name, view.voice) for view in views] == [
        (1, "Lisa", "marin"),
        (2, "Ben", "ballad"),
        (3, "Ethan", "cedar"),
        (4, "Jack", "ash"),
        (5, "Chloe", "coral"),
        (6, "Maya", "sage"),
    ]


def test_seeding_again_keeps_what_an_operator_changed(database: Database) -> None:
    seed_installation(database, SANDBOX, NOW)
    database.transact_now(
        personas.publish, slug="ben", menu_key=2, character=character("Benjamin"), now=NOW
    )
    database.transact_now(personas.set_constant, name="pause_time_seconds", value=1.1, now=NOW)

    seed_installation(database, SANDBOX, NOW)

    views = database.transact_now(personas.published)
    constants = database.transact_now(personas.constants)
    assert [view.name for view in views if view.menu_key == 2] == ["Benjamin"]
    assert constants["pause_time_seconds"] == 1.1


def test_the_demo_account_owns_its_line_and_an_hour(database: Database) -> None:
    account_id = database.transact_now(seed_demo, settings=SANDBOX, now=NOW)
    again = database.transact_now(seed_demo, settings=SANDBOX, now=NOW)
    opened = open_call(database, number=DEMO_NUMBER)

    profile = database.transact_now(accounts.profile, account_id=account_id, now=NOW)
    assert again == opened.account_id == account_id
    assert (opened.profile.settings.spoken_name, opened.seconds_left) == ("Sam", 3600)
    assert [line.number for line in profile.lines] == ["+14155550123"]
    assert (profile.email, profile.seconds_left) == ("demo@gotobuddy.example", 3600)


def test_production_has_no_demo_account(database: Database) -> None:
    with pytest.raises(DemoRefused):
        database.transact_now(seed_demo, settings=PRODUCTION, now=NOW)
    seed_installation(database, PRODUCTION, NOW)

    opened = open_call(database, number=DEMO_NUMBER)

    assert opened.profile.settings.spoken_name is None
