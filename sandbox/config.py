"""What a sandbox is told when it starts; the same for every server.

`SandboxConfig()` is the sandbox that the product's default settings expect. The command line
reads `BUDDY_SANDBOX_…` variables (a field's name in capitals) over it; tests build their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

PORT_BASE = 9000
TRUE_WORDS = ("1", "true", "yes", "on")


class BadConfiguration(Exception):
    """A variable of the environment holds what its field can't take."""


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """One sandbox. Addresses are where its servers reach each other and the product."""

    script: bool = False  # canned answers and speech in tones, instead of the engines
    port_base: int = PORT_BASE

    deepgram_url: str = f"http://127.0.0.1:{PORT_BASE + 1}"
    openai_url: str = f"http://127.0.0.1:{PORT_BASE + 2}"
    google_url: str = f"http://localhost:{PORT_BASE + 3}"
    stripe_url: str = f"http://127.0.0.1:{PORT_BASE + 4}"

    # Twilio: the account, and the number that is answered when no other was seeded.
    account_sid: str = "ACsandbox0000000000000000000000000"
    auth_token: str = "sandbox"  # noqa: S105 - the sandbox's own, known to everyone
    verify_service_sid: str = "VAsandbox0000000000000000000000000"
    messaging_service_sid: str = "MGsandbox0000000000000000000000000"
    phone_number: str = "+14155550100"
    voice_url: str = "http://localhost:5000/calls/incoming"
    status_callback_url: str = "http://localhost:5000/calls/status"
    sms_url: str = "http://localhost:5000/messages/incoming"
    # Where the host of `voice_url` really is, if in several places: addresses with commas between,
    # e.g. http://127.0.0.1:5000,http://127.0.0.1:5010
    voice_bases: str = ""

    # The engines: where models are cached, and a model server that stands in for the local one.
    models_dir: Path | None = None  # None: the user's cache folder
    chat_upstream_url: str | None = (
        None  # any OpenAI-compatible server, e.g. http://127.0.0.1:11434/v1
    )
    chat_upstream_key: str = "none"
    chat_upstream_model: str | None = None  # None: the model that the caller names
    chat_threads: int | None = None  # None: as many as there are cores

    # The site: where Google takes the browser back to, and what a texted code is bound to.
    site_url: str = "http://localhost:3000"

    # Stripe: the key it is asked with, and what is told of events; without an address nobody is.
    stripe_secret_key: str = "sk_test_sandbox"  # noqa: S105 - the sandbox's own, known to everyone
    stripe_webhook_url: str = "http://localhost:3000/webhooks/stripe"
    stripe_webhook_secret: str = "whsec_sandbox"  # noqa: S105 - as above
    stripe_state: Path | None = None  # None: who subscribes is forgotten when the sandbox stops

    @property
    def bases(self) -> tuple[str, ...]:
        """The addresses of the voice service, where there are several."""
        return tuple(base.strip() for base in self.voice_bases.split(",") if base.strip())

    @property
    def site_host(self) -> str:
        """The site's host name, without a port."""
        return urlsplit(self.site_url).hostname or "localhost"

    @classmethod
    def at(cls, port_base: int, **options: Any) -> Self:
        """Return a configuration whose servers listen from `port_base` upwards."""
        addresses: dict[str, Any] = {
            "port_base": port_base,
            "deepgram_url": f"http://127.0.0.1:{port_base + 1}",
            "openai_url": f"http://127.0.0.1:{port_base + 2}",
            "google_url": f"http://localhost:{port_base + 3}",
            "stripe_url": f"http://127.0.0.1:{port_base + 4}",
        }
        return cls(**{**addresses, **options})

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], **overrides: Any) -> Self:
        """Read `BUDDY_SANDBOX_…` variables; `overrides` that are not None win over them."""
        given = {name: value for name, value in overrides.items() if value is not None}
        for field in fields(cls):
            variable = f"BUDDY_SANDBOX_{field.name.upper()}"
            if field.name not in given and environ.get(variable):
                given[field.name] = _parse(variable, str(field.type), environ[variable])
        return cls.at(given.pop("port_base", PORT_BASE), **given)

    def with_options(self, **options: Any) -> Self:
        """Return the same sandbox with some options changed."""
        return replace(self, **options)


def _parse(variable: str, kind: str, text: str) -> Any:
    if kind.startswith("bool"):
        return text.lower() in TRUE_WORDS
    if kind.startswith("int"):
        try:
            return int(text)
        except ValueError as error:
            message = f"{variable} must be a whole number, not {text!r}"
            raise BadConfiguration(message) from error
    if kind.startswith("Path"):
        return Path(text)
    return text
