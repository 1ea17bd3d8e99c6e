"""What is run, and how moved ports reach every program."""

from __future__ import annotations

from pathlib import Path

import pytest

from buddy.programs import Program, programs, sandbox_choices, wanted_ports, with_ports
from buddy.readiness import Answers
from shared.settings import Settings


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SITE_PORT", "VOICE_PORT", "SANDBOX_PORT", "DRAIN_SECONDS", "TWILIO_BASE_URL"):
        monkeypatch.delenv(f"BUDDY_{name}", raising=False)


def named(settings: Settings, name: str) -> Program:
    return next(program for program in programs(settings) if program.name == name)


def test_addresses_follow_their_ports() -> None:
    settings = Settings(sandbox_port=9500, site_port=3500, voice_port=5500)

    voice, sandbox = named(settings, "voice").environment, named(settings, "sandbox").environment

    assert voice["BUDDY_TWILIO_BASE_URL"] == "http://127.0.0.1:9500"
    assert voice["BUDDY_OPENAI_BASE_URL"] == "http://127.0.0.1:9502/v1"
    assert voice["BUDDY_VOICE_PUBLIC_URL"] == "http://localhost:5500"
    assert voice["BUDDY_STRIPE_BASE_URL"] == "http://127.0.0.1:9504"
    assert sandbox["BUDDY_SANDBOX_PORT_BASE"] == "9500"
    assert sandbox["BUDDY_SANDBOX_STRIPE_WEBHOOK_URL"] == "http://localhost:3500/webhooks/stripe"
    assert sandbox["BUDDY_SANDBOX_VOICE_URL"] == "http://localhost:5500/calls/incoming"
    assert sandbox["BUDDY_SANDBOX_SMS_URL"] == "http://localhost:5500/messages/incoming"
    assert with_ports(settings).site_public_url == "http://localhost:3500"
    assert with_ports(settings).test_phone_url == "http://localhost:9500/phone"


def test_an_address_that_was_set_stays() -> None:
    settings = Settings(sandbox_port=9500, twilio_base_url="http://127.0.0.1:9999")

    assert "BUDDY_TWILIO_BASE_URL" not in named(settings, "voice").environment
    assert with_ports(settings).twilio_base_url == "http://127.0.0.1:9999"


def test_there_is_no_drain_unless_somebody_asked_for_another() -> None:
    assert named(Settings(), "voice").environment["BUDDY_DRAIN_SECONDS"] == "0"
    asked = Settings(drain_seconds=30)
    assert "BUDDY_DRAIN_SECONDS" not in named(asked, "voice").environment


def test_the_sandbox_is_started_first_and_stopped_last() -> None:
    listed = programs(Settings())

    names = ["sandbox", "site", "voice", "voice-2", "jobs"]
    assert [program.name for program in listed] == names
    assert [program.name for program in listed if program.is_stopped_last] == ["sandbox"]


def test_processes_that_take_calls_are_many_as_one_to_the_sandbox() -> None:
    settings = Settings(voice_port=5500, voice_workers=3)

    voices = [named(settings, name) for name in ("voice", "voice-2", "voice-3")]

    ports = [program.environment["BUDDY_VOICE_PORT"] for program in voices]
    assert ports == ["5500", "5510", "5520"]
    assert [program.follows for program in voices] == [None, "voice", "voice-2"]
    assert {program.environment["BUDDY_VOICE_PUBLIC_URL"] for program in voices} == {
        "http://localhost:5500"
    }
    assert named(settings, "sandbox").environment["BUDDY_SANDBOX_VOICE_BASES"] == (
        "http://127.0.0.1:5500,http://127.0.0.1:5510,http://127.0.0.1:5520"
    )


def test_every_port_is_wanted_once_with_its_setting() -> None:
    assert {port: setting for port, (_, setting) in wanted_ports(Settings()).items()} == {
        3000: "BUDDY_SITE_PORT",
        5000: "BUDDY_VOICE_PORT",
        5010: "BUDDY_VOICE_PORT",
        **dict.fromkeys(range(9000, 9005), "BUDDY_SANDBOX_PORT"),
    }


def test_production_runs_without_sandbox_and_changes_no_setting() -> None:
    real = Settings.model_construct(environment="production", drain_seconds=600)

    assert [program.name for program in programs(real)] == ["site", "voice", "voice-2", "jobs"]
    assert with_ports(real) == real
    assert wanted_ports(real).keys() == {3000, 5000, 5010}


def test_programs_that_listen_everywhere_are_asked_on_loopback() -> None:
    readiness = named(Settings(listen_host="0.0.0.0"), "voice").readiness  # noqa: S104 - as in a container

    assert readiness == Answers(("http://127.0.0.1:5000/readyz",))


def test_the_sandboxs_own_variables_may_stand_in_the_env_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("BUDDY_SANDBOX_CHAT_THREADS=1\nBUDDY_SANDBOX_SCRIPT=1\nDATABASE_URL=x\n")

    chosen = sandbox_choices({"BUDDY_SANDBOX_SCRIPT": "0", "HOME": "/"}, env_file)

    assert chosen == {"BUDDY_SANDBOX_CHAT_THREADS": "1", "BUDDY_SANDBOX_SCRIPT": "0"}
