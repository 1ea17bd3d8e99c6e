"""The form fields of webhooks."""

from __future__ import annotations

from sandbox.twilio.fields import Parties, call_fields, status_fields

# Seen in a captured inbound request.
EXPECTED = set(
    "AccountSid ApiVersion CallSid CallStatus CallToken Called CalledCity CalledCountry CalledState"
    " CalledZip Caller CallerCity CallerCountry CallerState CallerZip Direction From FromCity"
    " FromCountry FromState FromZip StirVerstat To ToCity ToCountry ToState ToZip".split()
)


def test_an_inbound_call_has_every_field() -> None:
    fields = call_fields("AC1", "CA1", "ringing", Parties("+14155550123", "+14155550100"))

    assert fields.keys() == EXPECTED
    assert (fields["FromCity"], fields["FromCountry"]) == ("SAN FRANCISCO", "US")
    assert fields["StirVerstat"] == "TN-Validation-Passed-A"


def test_a_withheld_number_is_unattested_and_from_nowhere() -> None:
    fields = call_fields("AC1", "CA1", "ringing", Parties("anonymous", "+14155550100"))

    assert "StirVerstat" not in fields
    assert (fields["From"], fields["FromCountry"], fields["FromCity"]) == ("anonymous", "", "")


def test_only_the_last_callback_has_a_duration() -> None:
    fields = call_fields("AC1", "CA1", "completed", Parties("+14155550123", "+14155550100"))

    first = status_fields(fields, sequence_number=0, seconds=None)
    last = status_fields(fields, sequence_number=3, seconds=61)

    assert "CallDuration" not in first
    assert (last["CallDuration"], last["Duration"], last["SequenceNumber"]) == ("61", "2", "3")
    assert last["CallbackSource"] == "call-progress-events"
