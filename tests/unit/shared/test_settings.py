"""What production refuses to start with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.settings import Settings, UnsafeSettings

ADDRESSES = (
    "twilio_base_url",
    "deepgram_base_url",
    "openai_base_url",
    "stripe_base_url",
    "google_metadata_url",
    "site_public_url",
    "voice_public_url",
)
SECRETS = (
    "session_secret",
    "twilio_auth_token",
    "deepgram_api_key",
    "openai_api_key",
    "google_client_id",
    "google_client_secret",
    "twilio_verify_service_sid",
    "twilio_messaging_service_sid",
    "stripe_secret_key",
    "stripe_webhook_secret",
)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # no .env here
    for name in ("DATABASE_URL", "DATABASE_URL_DIRECT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def safe(tmp_path: Path) -> dict[str, Any]:
    key_file = tmp_path / "keys.json"
    key_file.touch()
    return {
        "environment": "production",
        "database_url": "postgresql://db.example/gotobuddy",
        "key_file": key_file,
        "twilio_account_sid": "AC0123456789abcdef",
        "contact_email": "help@company.example",
        **dict.fromkeys(SECRETS, "a real secret, long enough"),
        **dict.fromkeys(ADDRESSES, "https://vendor.example"),
    }


def refusal(**settings: Any) -> str:
    with pytest.raises(UnsafeSettings) as refused:
        Settings(**settings)
    return str(refused.value)


def test_production_starts_with_safe_settings(safe: dict[str, Any]) -> None:
    assert Settings(**safe).environment == "production"


def test_the_vendors_own_addresses_are_safe(safe: dict[str, Any]) -> None:
    own: dict[str, Any] = dict.fromkeys(
        ("twilio_base_url", "deepgram_base_url", "openai_base_url"), None
    )

    assert Settings(**{**safe, **own}).openai_base_url is None


def test_production_with_the_defaults_lists_everything_that_is_wrong() -> None:
    message = refusal(environment="production")

    for name in (*ADDRESSES, *SECRETS, "twilio_account_sid", "key_file"):
        assert f"BUDDY_{name.upper()}" in message
    assert "DATABASE_URL is missing" in message
    assert "sandbox\n" not in message.replace("the sandbox's", "")


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    "address",
    [
        "http://vendor.example",
        "ws://vendor.example",
        "https://localhost:9000",
        "https://site.localhost",
        "https://127.0.0.1",
        "https://[::1]",
        "https://10.0.0.7",
        "https://192.168.1.1",
        "https://169.254.169.254",
        "vendor.example",
    ],
)
def test_production_refuses_addresses_that_are_near_or_in_clear(
    safe: dict[str, Any], name: str, address: str
) -> None:
    assert f"BUDDY_{name.upper()}" in refusal(**{**safe, name: address})


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("secret", ["", "sandbox"])
def test_production_refuses_default_and_empty_secrets(
    safe: dict[str, Any], name: str, secret: str
) -> None:
    message = refusal(**{**safe, name: secret})

    assert f"BUDDY_{name.upper()}" in message
    assert message.count("  - ") == 1


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"database_url": None}, "DATABASE_URL"),
        ({"key_file": Path("/nowhere/keys.json")}, "BUDDY_KEY_FILE"),
        ({"test_phone_url": "https://phone.example"}, "BUDDY_TEST_PHONE_URL"),
        ({"log_pii": True}, "BUDDY_LOG_PII"),
        ({"twilio_account_sid": "ACsandbox1"}, "BUDDY_TWILIO_ACCOUNT_SID"),
        ({"twilio_verify_service_sid": "VAsandbox1"}, "BUDDY_TWILIO_VERIFY_SERVICE_SID"),
        ({"stripe_secret_key": "sk_test_sandbox"}, "BUDDY_STRIPE_SECRET_KEY"),
    ],
)
def test_production_refuses_what_is_for_testers_only(
    safe: dict[str, Any], change: dict[str, Any], named: str
) -> None:
    assert named in refusal(**{**safe, **change})


def test_secrets_are_not_printed(safe: dict[str, Any]) -> None:
    ids = dict.fromkeys(
        ("google_client_id", "twilio_verify_service_sid", "twilio_messaging_service_sid"), "id"
    )

    assert "a real secret" not in repr(Settings(**{**safe, **ids}))


def test_the_sandbox_needs_no_settings_at_all() -> None:
    settings = Settings()

    assert settings.environment == "sandbox"
    assert settings.stream_url == "ws://localhost:5000/calls/stream"
    assert settings.keys_path == Path(".data/keys.json")


def test_the_stream_is_encrypted_where_the_site_is(safe: dict[str, Any]) -> None:
    settings = Settings(**{**safe, "voice_public_url": "https://voice.example/"})

    assert settings.stream_url == "wss://voice.example/calls/stream"


def test_voices_stand_in_the_order_of_the_setting() -> None:
    settings = Settings(speech="deepgram_speak, openai_speech", speech_model="tts-1")

    assert settings.voice_vendors == ("deepgram_speak", "openai_speech")
    assert (settings.spoken_by, Settings(speech_model="tts-1").spoken_by) == (
        "deepgram_speak",
        "tts-1",
    )


@pytest.mark.parametrize("speech", ["", "openai_speech,espeak", "openai_speech,openai_speech"])
def test_a_list_of_voices_that_makes_no_sense_is_refused(speech: str) -> None:
    with pytest.raises(ValidationError, match="first choice first"):
        Settings(speech=speech)


def test_own_key_terms_are_listed_with_commas() -> None:
    assert Settings().own_key_terms == ()
    assert Settings(key_terms="GoToBuddy, La Mer ,").own_key_terms == ("GoToBuddy", "La Mer")


def test_there_are_two_recognisers() -> None:
    with pytest.raises(ValidationError):
        Settings(recogniser="whisper")  # type: ignore[arg-type]
