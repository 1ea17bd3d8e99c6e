"""The plans' data file says what is given, and nonsense in it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.plans import PlanName
from shared.seed.plans import allowances, read_allowances, read_speculating, speculating

TABLES: dict[str, Any] = {
    "withheld": {"seconds": 60},
    "pretrial": {"seconds": 300},
    "trial": {"seconds": 900},
}


def test_a_minute_five_and_fifteen_minutes_are_given() -> None:
    assert allowances() == read_allowances(TABLES)


@pytest.mark.parametrize("seconds", [0, -1, 1.5, "900", True, None])
def test_what_is_no_number_of_seconds_is_refused(seconds: object) -> None:
    with pytest.raises(ValueError, match="trial"):
        read_allowances(TABLES | {"trial": {"seconds": seconds}})


def test_a_missing_plan_is_refused() -> None:
    with pytest.raises(ValueError, match="pretrial"):
        read_allowances({"withheld": {"seconds": 60}, "trial": {"seconds": 900}})


def test_each_plan_says_whether_replies_are_prepared_ahead() -> None:
    said = {plan.value: {"speculates": plan is PlanName.TRIAL} for plan in PlanName}

    assert read_speculating(said) == {PlanName.TRIAL}
    assert PlanName.WITHHELD not in speculating()
    with pytest.raises(ValueError, match="unlimited"):
        read_speculating(said | {"unlimited": {"speculates": "yes"}})
