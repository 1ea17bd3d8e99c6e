"""What the supervisor runs: each program, how it is told its settings, when it is ready."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from buddy.readiness import Answers, Logs, Readiness
from shared.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
SANDBOX_PREFIX = "BUDDY_SANDBOX_"
# On ports counted from the first
SANDBOX_SERVERS = ("Twilio", "Deepgram", "OpenAI", "Google", "Stripe")
# Ctrl-C on a developer's machine does not wait for a call to end, only for a short goodbye.
SANDBOX_DRAIN_SECONDS = 0
VOICE_PORT_STEP = 10  # between the processes that take calls
SANDBOX_FIRST_TOKEN_SECONDS = 18.0  # a model on two busy cores may need them


@dataclass(frozen=True)
class Program:
    """One child of the supervisor."""

    name: str
    command: tuple[str, ...]
    readiness: Readiness
    start_limit_seconds: float
    environment: Mapping[str, str] = field(default_factory=dict)  # over the supervisor's own
    is_stopped_last: bool = False  # others say goodbye through it
    follows: str | None = None  # is started once this one is ready


def with_ports(settings: Settings) -> Settings:
    """Return the settings with every address that nobody set following its port."""
    return settings.model_copy(update=_following(settings))


def programs(settings: Settings) -> list[Program]:
    """Return what runs, in the order it is started."""
    product = _product_environment(settings)
    site = settings.site_port
    listed = [
        Program(
            "site",
            (sys.executable, "-m", "buddy_site"),
            Answers((f"{_local(settings, site)}/readyz",)),
            start_limit_seconds=60,
            environment=product,
        ),
        *_voices(settings, product),
        Program(
            "jobs",
            (sys.executable, "-m", "voice.jobs"),
            Logs("jobs_ready"),
            start_limit_seconds=60,
            environment=product,
        ),
    ]
    if settings.environment == "sandbox":
        listed.insert(0, _sandbox(settings))
    return listed


def wanted_ports(settings: Settings) -> dict[int, tuple[str, str]]:
    """Return every port that will be listened on, with its purpose and its setting."""
    wanted = {settings.site_port: ("site", "BUDDY_SITE_PORT")}
    wanted |= dict.fromkeys(voice_ports(settings), ("voice", "BUDDY_VOICE_PORT"))
    if settings.environment == "sandbox":
        for offset, server in enumerate(SANDBOX_SERVERS):
            port = settings.sandbox_port + offset
            wanted[port] = (f"sandbox {server}", "BUDDY_SANDBOX_PORT")
    return wanted


def voice_ports(settings: Settings) -> range:
    """Return where the processes that take calls listen."""
    end = settings.voice_port + VOICE_PORT_STEP * settings.voice_workers
    return range(settings.voice_port, end, VOICE_PORT_STEP)


def sandbox_choices(environ: Mapping[str, str], env_file: Path = ROOT / ".env") -> dict[str, str]:
    """Return what was chosen for the sandbox alone: it knows no settings of the product's."""
    written = dotenv_values(env_file) if env_file.exists() else {}
    chosen = {**written, **environ}
    return {
        name: value
        for name, value in chosen.items()
        if name.startswith(SANDBOX_PREFIX) and value is not None
    }


def _voices(settings: Settings, product: Mapping[str, str]) -> list[Program]:
    """Return the processes that take calls.

    One after the other: what the first has made ahead lies ready for the next.
    """
    listed: list[Program] = []
    for number, port in enumerate(voice_ports(settings), start=1):
        listed.append(
            Program(
                "voice" if number == 1 else f"voice-{number}",
                (sys.executable, "-m", "voice"),
                Answers((f"{_local(settings, port)}/readyz",)),
                start_limit_seconds=120,  # the first time, announcements are synthesised
                environment={**product, "BUDDY_VOICE_PORT": str(port)},
                follows=listed[-1].name if listed else None,
            )
        )
    return listed


def _sandbox(settings: Settings) -> Program:
    first = settings.sandbox_port
    addresses = (f"http://127.0.0.1:{first + offset}" for offset in range(len(SANDBOX_SERVERS)))
    settings = with_ports(settings)
    voice = settings.voice_public_url.rstrip("/")
    site = settings.site_public_url.rstrip("/")
    webhook_secret = settings.stripe_webhook_secret.get_secret_value()
    return Program(
        "sandbox",
        (sys.executable, "-m", "sandbox"),
        Answers(tuple(f"{address}/readyz" for address in addresses)),
        start_limit_seconds=180,  # a model of a gigabyte is read from a cold disk
        environment={
            **sandbox_choices(os.environ),
            "PYTHONUNBUFFERED": "1",
            "BUDDY_SANDBOX_PORT_BASE": str(first),
            "BUDDY_SANDBOX_ACCOUNT_SID": settings.twilio_account_sid,
            "BUDDY_SANDBOX_AUTH_TOKEN": settings.twilio_auth_token.get_secret_value(),
            "BUDDY_SANDBOX_VERIFY_SERVICE_SID": settings.twilio_verify_service_sid,
            "BUDDY_SANDBOX_MESSAGING_SERVICE_SID": settings.twilio_messaging_service_sid,
            "BUDDY_SANDBOX_PHONE_NUMBER": settings.phone_number,
            "BUDDY_SANDBOX_VOICE_URL": f"{voice}/calls/incoming",
            "BUDDY_SANDBOX_STATUS_CALLBACK_URL": f"{voice}/calls/status",
            "BUDDY_SANDBOX_SMS_URL": f"{voice}/messages/incoming",
            "BUDDY_SANDBOX_VOICE_BASES": ",".join(
                _local(settings, port) for port in voice_ports(settings)
            ),
            "BUDDY_SANDBOX_SITE_URL": settings.site_public_url,
            "BUDDY_SANDBOX_STRIPE_STATE": str(settings.data_dir.absolute() / "sandbox/stripe.json"),
            "BUDDY_SANDBOX_STRIPE_SECRET_KEY": settings.stripe_secret_key.get_secret_value(),
            "BUDDY_SANDBOX_STRIPE_WEBHOOK_URL": f"{site}/webhooks/stripe",
            "BUDDY_SANDBOX_STRIPE_WEBHOOK_SECRET": webhook_secret,
        },
        is_stopped_last=True,
    )


def _following(settings: Settings) -> dict[str, str | float]:
    """Return what follows from other settings, and was not set by anyone.

    The defaults name the default ports; somebody who moves a port means its address too.
    """
    if settings.environment == "production":
        return {}
    sandbox = settings.sandbox_port
    follows: dict[str, str | float] = {
        "site_public_url": f"http://localhost:{settings.site_port}",
        "voice_public_url": f"http://localhost:{settings.voice_port}",
        "twilio_base_url": f"http://127.0.0.1:{sandbox}",
        "deepgram_base_url": f"http://127.0.0.1:{sandbox + 1}",
        "openai_base_url": f"http://127.0.0.1:{sandbox + 2}/v1",
        "google_metadata_url": f"http://localhost:{sandbox + 3}/.well-known/openid-configuration",
        "stripe_base_url": f"http://127.0.0.1:{sandbox + 4}",
        "test_phone_url": f"http://localhost:{sandbox}/phone",
        "drain_seconds": SANDBOX_DRAIN_SECONDS,
        "first_token_seconds": SANDBOX_FIRST_TOKEN_SECONDS,
    }
    return {name: value for name, value in follows.items() if name not in settings.model_fields_set}


def _product_environment(settings: Settings) -> dict[str, str]:
    following = {f"BUDDY_{name.upper()}": str(v) for name, v in _following(settings).items()}
    return {"PYTHONUNBUFFERED": "1", **following}


def _local(settings: Settings, port: int) -> str:
    host = "127.0.0.1" if settings.listen_host == "0.0.0.0" else settings.listen_host  # noqa: S104
    return f"http://{host}:{port}"
