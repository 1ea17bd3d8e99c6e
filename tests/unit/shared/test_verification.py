from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.verification import (
    CODE_DIGITS,
    WINDOW_SECONDS,
    Channel,
    Counted,
    Limits,
    LineType,
    Scope,
    counted,
    network,
    read_code,
    resend_at,
    want_provable,
    want_served,
)
from shared.domain.verification_refusals import (
    CodeMalformed,
    CountryNotServed,
    LineNotServed,
    TextsNotReceived,
)
from shared.errors import DomainError
from shared.phone import PhoneNumber
from tests.support.builders import NOW, SAM

LIMITS = Limits()
MOMENTS = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - the zone is given beside it
    max_value=datetime(2060, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def uses(
    now: datetime = NOW, *, number: PhoneNumber = SAM, address: str = "203.0.113.9"
) -> tuple[Counted, ...]:
    return counted(number=number, account_id="acc_1", address=address, limits=LIMITS, now=now)


def test_one_ask_is_counted_by_everything_from_narrow_to_wide() -> None:
    found = [(use.scope.value, use.key, use.limit) for use in uses()]

    assert found == [
        ("number", "+14155550123", 3),
        ("number_day", "+14155550123", 10),
        ("account", "acc_1", 10),
        ("address", "203.0.113.9", 20),
        ("prefix", "+1415555", 30),
        ("country", "US", 200),
        ("all", "", 300),
    ]


def test_numbers_of_no_country_are_counted_together() -> None:
    [use] = [use for use in uses(number=PhoneNumber("+15551234567")) if use.scope is Scope.COUNTRY]

    assert use.key == ""


@given(MOMENTS)
def test_now_is_always_in_the_window_it_is_counted_in(now: datetime) -> None:
    for use in uses(now):
        length = timedelta(seconds=WINDOW_SECONDS[use.scope])

        assert use.started_at <= now < use.ends_at == use.started_at + length


@given(MOMENTS, st.integers(0, 86_400))
def test_windows_follow_each_other_without_overlap(now: datetime, later: int) -> None:
    for use, other in zip(uses(now), uses(now + timedelta(seconds=later)), strict=True):
        assert other.started_at in (use.started_at, use.ends_at) or other.started_at > use.ends_at


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_a_household_is_one_network_whatever_its_devices_are_called(
    address: ipaddress.IPv6Address, device: int
) -> None:
    neighbour = ipaddress.IPv6Address(int(address) >> 64 << 64 | device)
    if address.ipv4_mapped or neighbour.ipv4_mapped:
        return

    assert network(str(address)) == network(str(neighbour))


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.9", "203.0.113.9"),
        (" 203.0.113.9 ", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("unix:", "unknown"),
        ("203.0.113.9, 1.2.3.4", "unknown"),
    ],
)
def test_an_address_is_counted_by_its_network(address: str, key: str) -> None:
    assert network(address) == key


@pytest.mark.parametrize(
    ("sends", "seconds"), [(0, None), (1, 30), (2, 60), (3, 120), (4, 120), (40, 120)]
)
def test_each_resend_has_to_wait_longer(sends: int, seconds: int | None) -> None:
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)

    assert resend_at(sends, NOW, LIMITS) == expected
    assert resend_at(sends, None, LIMITS) is None


@pytest.mark.parametrize(
    "text", ["123456", "123-456", " 123 456 ", "1 2 3 4 5 6", "012345", "123\n456"]
)
def test_a_code_is_read_as_it_is_pasted(text: str) -> None:
    assert read_code(text) == "".join(filter(str.isdigit, text))


@pytest.mark.parametrize(
    "text", ["", "12345", "1234567", "12345a", "１２３４５６", "12.34.56", "²23456"]
)
def test_what_is_no_code_costs_no_try(text: str) -> None:
    with pytest.raises(CodeMalformed):
        read_code(text)


@given(st.text(max_size=20))
def test_a_code_is_six_digits_or_refused(text: str) -> None:
    try:
        code = read_code(text)
    except CodeMalformed:
        return

    assert len(code) == CODE_DIGITS
    assert set(code) <= set("0123456789")


@pytest.mark.parametrize(
    ("number", "refusal"),
    [
        ("+14155550123", None),
        ("+16045550123", None),
        ("+18765551234", CountryNotServed),  # Jamaica also begins with +1
        ("+442079460000", CountryNotServed),
        ("+88312345678", CountryNotServed),
        ("+19005551234", LineNotServed),
        ("+18005551234", LineNotServed),
    ],
)
def test_only_ordinary_numbers_of_served_countries_are_verified(
    number: str, refusal: type[DomainError] | None
) -> None:
    assert _refusal_of(lambda: want_served(PhoneNumber(number), ("US", "CA"))) is refusal


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("refuses_voip", [False, True])
@pytest.mark.parametrize("kind", LineType)
def test_a_line_is_refused_for_what_it_is(
    kind: LineType,
    channel: Channel,
    refuses_voip: bool,  # noqa: FBT001 - a table's column
) -> None:
    match kind:
        case LineType.MOBILE | LineType.FIXED_VOIP | LineType.PERSONAL | LineType.UNKNOWN:
            expected: type[DomainError] | None = None
        case LineType.LANDLINE:
            expected = TextsNotReceived if channel is Channel.SMS else None
        case LineType.NON_FIXED_VOIP:
            expected = LineNotServed if refuses_voip else None
        case _:
            expected = LineNotServed

    refusal = _refusal_of(lambda: want_provable(kind, channel, refuses_voip=refuses_voip))

    assert refusal is expected


def test_constants_go_before_the_defaults() -> None:
    constants = {
        "verification_all": 7.9,
        "verification_code_seconds": 60.0,
        "verification_sends": 2,
    }

    limits = Limits.from_constants(constants.get)

    assert limits == Limits(all=7, code_seconds=60, sends=2)
    assert limits.code_lifetime == timedelta(seconds=60)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), 1e30])
def test_a_constant_that_is_no_number_of_anything_allows_nothing(value: float) -> None:
    assert Limits.from_constants(lambda _name, _default: value).all == 0


def test_a_code_lives_no_longer_than_the_vendor_keeps_it() -> None:
    assert Limits(code_seconds=3600).code_lifetime == timedelta(minutes=10)


def _refusal_of(rule: Callable[[], None]) -> type[DomainError] | None:
    try:
        rule()
    except DomainError as refusal:
        return type(refusal)
    return None
