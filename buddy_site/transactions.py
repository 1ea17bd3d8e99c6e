"""The database, as far as the site uses it: so that tests can stand in for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlmodel import Session

P = ParamSpec("P")
R = TypeVar("R")


class Transactions(Protocol):
    """Runs use cases, each in one transaction."""

    async def transact(
        self, use_case: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R: ...
