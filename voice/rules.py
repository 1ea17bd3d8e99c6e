"""The machines' constants, as the installation sets them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from shared.configuration import Configuration, PersonaView
from voice.conversation.reception import ReceptionRules
from voice.conversation.turn_rules import TurnRules


def turn_rules(
    configuration: Configuration,
    persona: PersonaView,
    own_pause: float | None,
    *,
    speculates: bool = True,
) -> TurnRules:
    """Return the rules of turn-taking with this buddy and this caller, as they are right now.

    A call that does not speculate has no reply prepared, whatever the installation says. They are
    asked for with every event of every call, and made once an edit.
    """
    name = ("turn_rules", persona.menu_key, own_pause, speculates)
    rules: TurnRules | None = configuration.derived.get(name)
    if rules is None:
        rules = _turn_rules(configuration, persona, own_pause, speculates=speculates)
        configuration.derived[name] = rules
    return rules


def _turn_rules(
    configuration: Configuration, persona: PersonaView, own_pause: float | None, *, speculates: bool
) -> TurnRules:
    values = _values(configuration, "turn", _TURN)
    values["pause"] = configuration.pause_seconds(persona.menu_key, own_pause)
    if not speculates:
        values["speculations"] = 0
    return TurnRules(**values)


def reception_rules(configuration: Configuration) -> ReceptionRules:
    """Return the rules of reception, as they are right now."""
    return ReceptionRules(**_values(configuration, "reception", _RECEPTION))


def _values(
    configuration: Configuration, prefix: str, defaults: dict[str, int | float]
) -> dict[str, Any]:
    """Read the constants named `<prefix>_<field>`; a count stays a whole number."""
    return {
        name: type(default)(configuration.constant(f"{prefix}_{name}", default))
        for name, default in defaults.items()
    }


def _defaults(rules: TurnRules | ReceptionRules) -> dict[str, int | float]:
    return {field.name: getattr(rules, field.name) for field in fields(rules)}


_TURN = _defaults(TurnRules())
_RECEPTION = _defaults(ReceptionRules())
