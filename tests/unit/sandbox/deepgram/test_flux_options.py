"""What Flux takes and refuses, at the handshake and later."""

from __future__ import annotations

from dataclasses import replace

import pytest
from werkzeug.datastructures import MultiDict

from sandbox.deepgram.flux_options import (
    FluxOptions,
    RefusedConfiguration,
    configured,
    parse_flux_options,
)
from sandbox.deepgram.options import RefusedOptions

LINE = {"model": "flux-general-en", "encoding": "mulaw", "sample_rate": "8000"}


def test_what_is_left_out_has_the_documented_value() -> None:
    assert parse_flux_options(MultiDict(LINE)) == FluxOptions("flux-general-en", None, 0.7, 5000)


def test_all_that_was_asked_for_is_taken() -> None:
    query = MultiDict(
        [
            *LINE.items(),
            ("eager_eot_threshold", "0.4"),
            ("eot_threshold", "0.8"),
            ("eot_timeout_ms", "6000"),
            ("keyterm", "Lisa"),
            ("keyterm", "Ben"),
            ("mip_opt_out", "true"),
        ]
    )

    options = parse_flux_options(query)

    assert options == FluxOptions("flux-general-en", 0.4, 0.8, 6000, ("Lisa", "Ben"))
    assert options.eot_timeout == 48_000


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"model": "nova-3"}, 400),
        ({"model": "flux"}, 400),
        ({"language": "en"}, 400),
        ({"encoding": "amr-nb"}, 400),
        ({"encoding": "linear16"}, 501),
        ({"eot_threshold": "0.4"}, 400),
        ({"eot_threshold": "high"}, 400),
        ({"eager_eot_threshold": "0.95"}, 400),
        ({"eager_eot_threshold": "0.8", "eot_threshold": "0.7"}, 400),
        ({"eot_timeout_ms": "499"}, 400),
        ({"numerals": "true"}, 501),
        ({"language_hint": "es"}, 501),
    ],
)
def test_what_can_not_be_had_is_refused(changes: dict[str, str], status: int) -> None:
    with pytest.raises(RefusedOptions) as refused:
        parse_flux_options(MultiDict({**LINE, **changes}))

    assert refused.value.status == status


def test_more_than_a_hundred_key_terms_are_refused() -> None:
    terms = [("keyterm", f"term{number}") for number in range(101)]

    with pytest.raises(RefusedOptions):
        parse_flux_options(MultiDict([*LINE.items(), *terms]))


OPTIONS = FluxOptions("flux-general-en", 0.4, 0.7, 5000, ("apple",))


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ({}, OPTIONS),
        ({"thresholds": {"eot_threshold": 0.8}}, replace(OPTIONS, eot_threshold=0.8)),
        ({"keyterms": ["grape", "kiwi"]}, replace(OPTIONS, key_terms=("grape", "kiwi"))),
        ({"keyterms": []}, replace(OPTIONS, key_terms=())),
    ],
)
def test_a_configure_changes_what_it_names_and_nothing_else(
    body: dict[str, object], after: FluxOptions
) -> None:
    assert configured(OPTIONS, body) == after


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"thresholds": {"eager_eot_threshold": 0.8}}, "INVALID_THRESHOLD"),
        ({"thresholds": {"eot_timeout_ms": 100}}, "INVALID_THRESHOLD"),
        ({"keyterms": ["x"] * 101}, "CONFIGURE_KEYTERM_LIMIT_EXCEEDED"),
        ({"language_hints": ["es"]}, "NOT_BUILT_IN_THE_SANDBOX"),
    ],
)
def test_a_configure_that_breaks_a_rule_changes_nothing(body: dict[str, object], code: str) -> None:
    with pytest.raises(RefusedConfiguration) as refused:
        configured(OPTIONS, body)

    assert refused.value.code == code
