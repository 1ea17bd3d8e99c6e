from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from voice.adapters.twilio_rest import SignatureValidator

# The example of https://www.twilio.com/docs/usage/security#validating-requests
TOKEN = "12345"
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+12349013030",
    "Digits": "1234",
    "From": "+12349013030",
    "To": "+18005551212",
}
SIGNATURE = "0/KCTR6DLpKmkAf8muzZqo1nDgQ="

validator = SignatureValidator(TOKEN)


def test_twilios_own_example_is_signed() -> None:
    assert validator.is_signed(URL, FORM, SIGNATURE)
    assert validator.is_signed(URL, MultiDict(FORM), SIGNATURE)


@pytest.mark.parametrize(
    ("url", "form", "signature"),
    [
        (URL, FORM, None),
        (URL, FORM, ""),
        (URL, FORM, "0/KCTR6DLpKmkAf8muzZqo1nDgR="),
        (URL.replace("https", "http"), FORM, SIGNATURE),
        (URL, FORM | {"From": "+12349013031"}, SIGNATURE),
        (URL, {}, SIGNATURE),
    ],
    ids=["none", "blank", "wrong", "other scheme", "other caller", "no fields"],
)
def test_anything_else_is_not(url: str, form: dict[str, str], signature: str | None) -> None:
    assert not validator.is_signed(url, form, signature)


def test_a_signature_by_another_token_is_none() -> None:
    assert not SignatureValidator("54321").is_signed(URL, FORM, SIGNATURE)


def test_blank_fields_are_signed_too() -> None:
    # HMAC-SHA1 by hand: echo -n 'https://a.example/xCallSidCAFromCity' | openssl dgst -sha1 …
    url, form = "https://a.example/x", {"CallSid": "CA", "FromCity": ""}
    signature = "I7fK+bME2gFBOJYaDODn8LKl4C4="

    assert validator.is_signed(url, form, signature)
    assert not validator.is_signed(url, {"CallSid": "CA"}, signature)


def test_a_websocket_handshake_is_signed_without_fields() -> None:
    signature = "MlvkVUxAgXn4KBfzyiNggvTIvxM="  # the same, of the address alone

    assert validator.is_signed("wss://a.example/calls/stream", {}, signature)
