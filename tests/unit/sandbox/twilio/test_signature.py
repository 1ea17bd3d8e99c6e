"""Twilio's signature, against the example of its documentation and the product's SDK."""

from __future__ import annotations

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from sandbox.twilio.signature import sign

# https://www.twilio.com/docs/usage/security, "Validating requests"
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FIELDS = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}


def test_the_documented_example() -> None:
    assert sign("12345", URL, FIELDS) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_blank_fields_count_and_the_sdk_agrees() -> None:
    fields = FIELDS | {"FromCity": "", "Body": "grüße + more"}

    signature = sign("12345", URL, fields)

    assert RequestValidator("12345").validate(URL, fields, signature)
    assert not RequestValidator("12345").validate(URL, FIELDS, signature)


def test_a_handshake_is_signed_without_fields() -> None:
    url = "wss://voice.example/calls/stream"

    assert RequestValidator("12345").validate(url, {}, sign("12345", url))
