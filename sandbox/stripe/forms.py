"""Reads what Stripe's clients send: forms whose names nest with brackets.

`line_items[0][price]=price_1&expand[]=customer`. Lists come with or without their indexes.
https://docs.stripe.com/api: requests are form-encoded, answers JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.stripe.errors import StripeRefusal, missing, not_built

BRACKETED = re.compile(r"\[([^\[\]]*)\]")
MOST_METADATA_KEYS = 50


def decode(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Nest what was sent; raise `StripeRefusal` where a name is both a value and a group."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        head, bracket, _ = name.partition("[")
        steps = [head, *BRACKETED.findall(name)] if bracket else [name]
        place = root
        for step in steps[:-1]:
            place = place.setdefault(_index(place, step), {})
            if not isinstance(place, dict):
                raise _bad_shape(head)
        last = _index(place, steps[-1])
        if isinstance(place.get(last), dict):
            raise _bad_shape(head)
        place[last] = value
    return {name: _lists(value) for name, value in root.items()}


def _index(place: dict[str, Any], step: str) -> str:
    return step or str(len(place))


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    nested = {name: _lists(inner) for name, inner in value.items()}
    if nested and all(name.isdecimal() for name in nested):
        return [nested[name] for name in sorted(nested, key=int)]
    return nested


def _bad_shape(name: str) -> StripeRefusal:
    return StripeRefusal("Invalid object", param=name)


class Form:
    """What was sent, read by name and type."""

    def __init__(self, fields: dict[str, Any], path: str = "") -> None:
        self.fields = fields
        self.path = path

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def called(self, name: str) -> str:
        """Return a field's whole name, as errors give it."""
        return f"{self.path}[{name}]" if self.path else name

    def only(self, *known: str) -> Form:
        """Refuse every other name: the sandbox would quietly do less than Stripe."""
        for name in self.fields:
            if name not in known:
                message = f"the parameter {self.called(name)}"
                raise not_built(message)
        return self

    def text(self, name: str) -> str | None:
        """Return a text; None if it is not there or empty, which unsets it."""
        value = self.fields.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            message = f"Invalid string: {name}"
            raise StripeRefusal(message, param=self.called(name))
        return value

    def need(self, name: str) -> str:
        """Return a text that has to be there."""
        value = self.text(name)
        if value is None:
            raise missing(self.called(name))
        return value

    def choice(self, name: str, *values: str) -> str | None:
        """Return one of some words."""
        value = self.text(name)
        if value is not None and value not in values:
            listed = ", ".join(values)
            message = f"Invalid {name}: must be one of {listed}"
            raise StripeRefusal(message, param=self.called(name))
        return value

    def whole(self, name: str) -> int | None:
        """Return a whole number."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return int(value)
        except ValueError:
            message = f"Invalid integer: {value}"
            code = "parameter_invalid_integer"
            raise StripeRefusal(message, code=code, param=self.called(name)) from None

    def flag(self, name: str) -> bool | None:
        """Return a truth value."""
        value = self.text(name)
        if value is None:
            return None
        if value not in ("true", "false"):
            message = f"Invalid boolean: {value}"
            raise StripeRefusal(message, param=self.called(name))
        return value == "true"

    def nested(self, name: str) -> Form:
        """Return a group of fields, empty if it is not there."""
        value = self.fields.get(name, {})
        if value == "":
            value = {}
        if not isinstance(value, dict):
            message = "Invalid object"
            raise StripeRefusal(message, param=self.called(name))
        return Form(value, self.called(name))

    def rows(self, name: str) -> list[Form]:
        """Return a list of groups."""
        value = self.fields.get(name, [])
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            message = "Invalid array"
            raise StripeRefusal(message, param=self.called(name))
        return [Form(row, f"{self.called(name)}[{at}]") for at, row in enumerate(value)]

    def texts(self, name: str) -> list[str]:
        """Return a list of texts."""
        value = self.fields.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            message = "Invalid array"
            raise StripeRefusal(message, param=self.called(name))
        return list(value)

    def metadata(self, former: dict[str, str] | None = None) -> dict[str, str]:
        """Return the metadata after this change: an empty value takes a key away."""
        if self.fields.get("metadata") == "":
            return {}
        changed = self.nested("metadata").fields
        if not all(isinstance(value, str) for value in changed.values()):
            message = "Invalid metadata"
            raise StripeRefusal(message, param=self.called("metadata"))
        merged = {name: value for name, value in {**(former or {}), **changed}.items() if value}
        if len(merged) > MOST_METADATA_KEYS:
            message = "You can only have 50 metadata keys."
            raise StripeRefusal(message, param=self.called("metadata"))
        return merged
