"""Every setting of the installation: read once, frozen, handed down.

Names in the environment carry the prefix `BUDDY_`, except the two database addresses, which
keep the names every host uses. The defaults run the whole product against the sandbox.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import BuddyError

SANDBOX_SECRET = "sandbox"  # noqa: S105 - the sandbox takes it, production refuses it
SANDBOX_CONTACT = "hello@gotobuddy.example"
# What the sandbox's secrets and ids begin with, after the vendor's own prefix.
SANDBOX_NAME = re.compile(r"(AC|VA|MG|sk_test_|whsec_)?sandbox")
OUTSIDE_ADDRESSES = (
    "twilio_base_url",
    "deepgram_base_url",
    "openai_base_url",
    "stripe_base_url",
    "google_metadata_url",
    "site_public_url",
    "voice_public_url",
)
VOICE_VENDORS = ("openai_speech", "openai_realtime", "deepgram_speak")
VENDOR_SECRETS = (
    "session_secret",
    "twilio_account_sid",
    "twilio_auth_token",
    "twilio_verify_service_sid",
    "twilio_messaging_service_sid",
    "deepgram_api_key",
    "openai_api_key",
    "google_client_id",
    "google_client_secret",
    "stripe_secret_key",
    "stripe_webhook_secret",
)


class UnsafeSettings(BuddyError):
    """Production was asked to start with settings that are not safe; the text lists them all."""


class Settings(BaseSettings):
    """The installation's settings."""

    model_config = SettingsConfigDict(
        env_prefix="BUDDY_", env_file=".env", frozen=True, extra="ignore", populate_by_name=True
    )

    environment: Literal["sandbox", "production"] = "sandbox"
    data_dir: Path = Path(".data")
    log_format: Literal["console", "json"] = "console"
    log_pii: bool = False
    contact_email: str = SANDBOX_CONTACT  # where callers may write to us

    # Where the programs listen, always on loopback in the sandbox.
    listen_host: str = "127.0.0.1"
    site_port: int = 3000
    voice_port: int = 5000
    # Processes that take calls, on every tenth port from `voice_port` on. With two, a call whose
    # process dies is gone on with by the other.
    voice_workers: int = Field(default=2, ge=1, le=8)
    sandbox_port: int = 9000  # Twilio; Deepgram, OpenAI, Google and Stripe follow on +1 to +4

    # How others reach them. Signatures are checked against these.
    site_public_url: str = "http://localhost:3000"
    voice_public_url: str = "http://localhost:5000"
    test_phone_url: str | None = None  # where the site may point a tester; never in production

    # The database. Without an address the embedded server is started or joined.
    database_url: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("DATABASE_URL", "BUDDY_DATABASE_URL")
    )
    database_url_direct: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("DATABASE_URL_DIRECT", "BUDDY_DATABASE_URL_DIRECT"),
    )
    database_prepare_threshold: int | None = 5  # unset behind PgBouncer older than 1.21
    key_file: Path | None = None  # default: keys.json in the data folder
    session_secret: SecretStr = SecretStr(SANDBOX_SECRET)
    # Proxies of ours in front of the site: so many of the last forwarded addresses are believed.
    trusted_proxy_hops: int = Field(default=0, ge=0)

    # The buddies' number, as callers dial it.
    phone_number: str = "+14155550100"

    twilio_account_sid: str = "ACsandbox0000000000000000000000000"
    twilio_auth_token: SecretStr = SecretStr(SANDBOX_SECRET)
    twilio_base_url: str | None = "http://127.0.0.1:9000"  # unset: Twilio's own
    twilio_verify_service_sid: str = "VAsandbox0000000000000000000000000"
    twilio_messaging_service_sid: str = "MGsandbox0000000000000000000000000"
    allowed_countries: str = "US,CA"  # whose numbers may be verified; ISO codes

    deepgram_api_key: SecretStr = SecretStr(SANDBOX_SECRET)
    deepgram_base_url: str | None = "http://127.0.0.1:9001"  # unset: Deepgram's own
    recogniser: Literal["flux", "nova"] = "flux"  # where it can't be had, the other one listens
    key_terms: str = ""  # names and words that callers say here, told to the recogniser

    openai_api_key: SecretStr = SecretStr(SANDBOX_SECRET)
    openai_base_url: str | None = "http://127.0.0.1:9002/v1"  # unset: OpenAI's own
    chat_model: str = "gpt-6-luna"
    # Who speaks, first choice first: the next one speaks where the one before can't.
    speech: str = "openai_speech,openai_realtime,deepgram_speak"
    speech_model: str = "gpt-4o-mini-tts"
    realtime_model: str = "gpt-realtime-2.1-mini"
    # A reply without a word by then has failed; until then the caller hears that it takes long.
    first_token_seconds: float = 10.0

    google_client_id: str = SANDBOX_SECRET
    google_client_secret: SecretStr = SecretStr(SANDBOX_SECRET)
    google_metadata_url: str = "http://localhost:9003/.well-known/openid-configuration"

    stripe_secret_key: SecretStr = SecretStr("sk_test_sandbox")
    stripe_webhook_secret: SecretStr = SecretStr("whsec_sandbox")
    stripe_base_url: str | None = "http://127.0.0.1:9004"  # unset: Stripe's own

    # Who may collect the voice service's figures. Unset: nobody, but in the sandbox this machine.
    metrics_token: SecretStr | None = None
    tracing_url: str | None = None  # of an OpenTelemetry collector, for OTLP over HTTP

    drain_seconds: int = 600  # how long SIGTERM lets calls in progress go on

    @field_validator(
        "test_phone_url",
        "database_url",
        "database_url_direct",
        "database_prepare_threshold",
        "key_file",
        "twilio_base_url",
        "deepgram_base_url",
        "openai_base_url",
        "stripe_base_url",
        "metrics_token",
        "tracing_url",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("speech")
    @classmethod
    def _voices_are_known(cls, value: str) -> str:
        names = _listed(value)
        if not names or len(set(names)) < len(names) or not set(names) <= set(VOICE_VENDORS):
            message = f"name each at most once, first choice first: {', '.join(VOICE_VENDORS)}"
            raise ValueError(message)
        return value

    @property
    def voice_vendors(self) -> tuple[str, ...]:
        """Who speaks, first choice first."""
        return _listed(self.speech)

    @property
    def spoken_by(self) -> str:
        """Who is wanted to speak, so that what was made ahead by others is not taken for it."""
        first = self.voice_vendors[0]
        return self.voice_models.get(first, first)

    @property
    def voice_models(self) -> Mapping[str, str]:
        """The models that speak, by vendor, where an installation names them."""
        return {"openai_speech": self.speech_model, "openai_realtime": self.realtime_model}

    @property
    def own_key_terms(self) -> tuple[str, ...]:
        """The installation's own words for the recogniser."""
        return _listed(self.key_terms)

    @property
    def countries(self) -> tuple[str, ...]:
        """The ISO codes of the countries whose numbers may be verified."""
        return _listed(self.allowed_countries.upper())

    @property
    def keys_path(self) -> Path:
        """The file that holds the key ring."""
        return self.key_file or self.data_dir / "keys.json"

    @property
    def stream_url(self) -> str:
        """The address of the Media Stream, as Twilio dials it."""
        scheme, _, rest = self.voice_public_url.rstrip("/").partition("://")
        return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/calls/stream"

    @model_validator(mode="after")
    def _production_is_real(self) -> Self:
        if self.environment == "production" and (wrong := list(self._unsafe())):
            listed = "\n".join(f"  - {line}" for line in wrong)
            message = f"production can't start with these settings:\n{listed}"
            raise UnsafeSettings(message)
        return self

    def _unsafe(self) -> Iterator[str]:
        for name in OUTSIDE_ADDRESSES:
            address = getattr(self, name)
            if address is not None and (flaw := _address_flaw(address)):
                yield f"BUDDY_{name.upper()} {flaw}"
        for name in VENDOR_SECRETS:
            value = getattr(self, name)
            secret = value.get_secret_value() if isinstance(value, SecretStr) else value
            if secret == "" or SANDBOX_NAME.match(secret):
                yield f"BUDDY_{name.upper()} is missing: set the real one"
        if self.database_url is None:
            yield "DATABASE_URL is missing: the embedded server is for one machine only"
        if not self.keys_path.is_file():
            yield f"BUDDY_KEY_FILE: there is no key file at {self.keys_path}"
        if self.test_phone_url is not None:
            yield "BUDDY_TEST_PHONE_URL is for testers only: unset it"
        if self.contact_email == SANDBOX_CONTACT:
            yield "BUDDY_CONTACT_EMAIL is missing: callers must be able to write to you"
        if self.log_pii:
            yield "BUDDY_LOG_PII would log what people say: unset it"


def _listed(value: str) -> tuple[str, ...]:
    names = (name.strip() for name in value.split(","))
    return tuple(name for name in names if name)


def _address_flaw(address: str) -> str | None:
    """Return what is wrong with an address that production would use, or None."""
    parts = urlsplit(address)
    if parts.scheme not in ("https", "wss"):
        return f"is not encrypted ({parts.scheme or 'no scheme'}): use https"
    host = parts.hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return "points at this machine: use the public address"
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return None
    if not ip.is_global:
        return f"points at {ip}, which is not public: use the public address"
    return None
