"""`.env.example` names every setting, with the value it has when nobody sets it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from pydantic import AliasChoices

from buddy.programs import ROOT, programs
from sandbox.config import SandboxConfig
from shared.settings import Settings

# The sandbox's addresses of itself follow its port.
INTERNAL = {f"BUDDY_SANDBOX_{name}_URL" for name in ("DEEPGRAM", "OPENAI", "GOOGLE", "STRIPE")}
SETTING = re.compile(r"#([A-Z_]+)=(.*)")


def variable_of(name: str) -> str:
    """Return the environment variable that a field is read from."""
    alias = Settings.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    return f"BUDDY_{name.upper()}"


def sandbox_variables() -> dict[str, str]:
    """Return the sandbox's variables with their defaults, as they are written."""
    fields = dataclasses.fields(SandboxConfig)
    return {f"BUDDY_SANDBOX_{field.name.upper()}": str(field.default or "") for field in fields}


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return {found[1]: found[2] for line in lines if (found := SETTING.fullmatch(line))}


def test_every_setting_is_named_and_nothing_else() -> None:
    ours = [name for name in example() if name not in sandbox_variables()]

    assert ours == [variable_of(name) for name in Settings.model_fields]


def test_what_is_the_sandboxs_alone_is_left_to_choose() -> None:
    told = next(p for p in programs(Settings()) if p.name == "sandbox").environment

    named = [name for name in example() if name in sandbox_variables()]

    assert set(named) == sandbox_variables().keys() - told.keys() - INTERNAL
    defaults = {name: sandbox_variables()[name] for name in named}
    assert {name: example()[name] for name in named} == defaults


def test_the_values_are_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(variable_of(name), raising=False)
    ours = {name: value for name, value in example().items() if name not in sandbox_variables()}
    filled = "".join(f"{name}={value}\n" for name, value in ours.items() if value)
    (tmp_path / "filled.env").write_text(filled)

    as_written = Settings(_env_file=tmp_path / "filled.env")  # type: ignore[call-arg]

    assert as_written == Settings(_env_file=None)  # type: ignore[call-arg]
    assert "production" not in filled


def test_every_setting_has_words_or_a_telling_name() -> None:
    """A setting stands under a comment, or right under one of the same group."""
    text = (ROOT / ".env.example").read_text()

    groups = re.split(r"\n\n", text)

    assert all(group.startswith("#") for group in groups)
    assert not re.search(r"^[A-Z]", text, re.MULTILINE)  # a copy of it changes nothing
