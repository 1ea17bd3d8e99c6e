"""Pages of objects, and objects in place of their ids.

https://docs.stripe.com/api/pagination and https://docs.stripe.com/api/expanding_objects
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable

from sandbox.stripe.errors import StripeRefusal
from sandbox.stripe.forms import Form
from sandbox.stripe.store import Books, Json, listed

PAGE = ("limit", "starting_after", "ending_before")
DEFAULT_LIMIT = 10
MOST_ROWS = 100
DEEPEST = 4
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "gt": lambda made, limit: made > limit,
    "gte": lambda made, limit: made >= limit,
    "lt": lambda made, limit: made < limit,
    "lte": lambda made, limit: made <= limit,
}

# What is shown only to those who ask: (object, field) -> how it is found.
Included = Callable[[Books, Json], Json]


def page(rows: Iterable[Json], form: Form, url: str) -> Json:
    """Return one page of rows that stand newest first."""
    found = list(rows)
    limit = form.whole("limit") or DEFAULT_LIMIT
    if not 1 <= limit <= MOST_ROWS:
        message = f"Invalid integer: {limit}. Must be between 1 and {MOST_ROWS}."
        raise StripeRefusal(message, code="parameter_invalid_integer", param="limit")
    if after := form.text("starting_after"):
        found = found[_place(found, after, "starting_after") + 1 :]
    if before := form.text("ending_before"):
        found = found[: _place(found, before, "ending_before")]
        return listed(found[-limit:], url, has_more=len(found) > limit)
    return listed(found[:limit], url, has_more=len(found) > limit)


def created_within(rows: Iterable[Json], form: Form) -> list[Json]:
    """Keep what was created when the request asks: `created=5` or `created[gte]=5`."""
    asked = form.fields.get("created")
    if asked is None:
        return list(rows)
    if isinstance(asked, str):
        moment = form.whole("created")
        return [row for row in rows if row["created"] == moment]
    bounds = form.nested("created").only(*COMPARISONS)
    limits = [(COMPARISONS[name], bounds.whole(name) or 0) for name in bounds]
    return [row for row in rows if all(holds(row["created"], limit) for holds, limit in limits)]


def expanded(
    books: Books, thing: Json, paths: list[str], included: dict[tuple[str, str], Included]
) -> Json:
    """Return a copy of an object with what is asked for in place of ids."""
    shown = copy.deepcopy(thing)
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEEPEST:
            message = f"You cannot expand more than {DEEPEST} levels of a property."
            raise StripeRefusal(message, param="expand")
        _expand(books, shown, steps, path, included)
    return shown


def _expand(
    books: Books,
    thing: Json,
    steps: list[str],
    path: str,
    included: dict[tuple[str, str], Included],
) -> None:
    step, *rest = steps
    if step not in thing or (thing[step] is None and (thing.get("object"), step) in included):
        find = included.get((thing.get("object", ""), step))
        if find is None:
            message = f"This property cannot be expanded ({path})."
            raise StripeRefusal(message, param="expand")
        thing[step] = copy.deepcopy(find(books, thing))
    value = thing[step]
    if isinstance(value, str):
        known = books.objects.get(value)
        if known is None:
            message = f"This property cannot be expanded ({path})."
            raise StripeRefusal(message, param="expand")
        thing[step] = value = copy.deepcopy(known)
    if not rest:
        return
    for inner in value if isinstance(value, list) else [value]:
        if isinstance(inner, dict):
            _expand(books, inner, rest, path, included)


def _place(rows: list[Json], identifier: str, param: str) -> int:
    for at, row in enumerate(rows):
        if row["id"] == identifier:
            return at
    message = f"No such object: '{identifier}'"
    raise StripeRefusal(message, code="resource_missing", param=param)
