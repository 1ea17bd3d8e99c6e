"""How long what is kept, as an installation sets it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.retention import PREFIX, RetentionRules


def test_without_constants_the_rules_are_the_defaults() -> None:
    assert RetentionRules.configured(lambda _name, default: default) == RetentionRules()


@given(days=st.floats(min_value=-1e6, max_value=1e6))
def test_a_constant_changes_its_rule_but_never_below_a_day(days: float) -> None:
    constants = {f"{PREFIX}calls_days": days}

    rules = RetentionRules.configured(constants.get)

    assert rules.calls_days == max(1, int(days))
    assert rules.temporary_days == RetentionRules().temporary_days
