"""States whose fields are saved one by one, each by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from buddy_site import runtime, words
from buddy_site.state.private import PrivateState, to_sign_in
from shared.database import StoreUnavailable
from shared.errors import DomainError
from shared.ids import AccountId


class SavedState(PrivateState, mixin=True):
    """What a page lets an account change; a page names its own `_path` and reads in `_read`."""

    is_loaded: bool = False
    saved: str = ""  # the field that was saved last
    refused: str = ""  # the field that was not
    refusal: str = ""

    _path: str = ""

    @rx.event
    async def load(self) -> Any:
        """Show what is saved."""
        return await self._save("", None)

    async def _save(self, field: str, use_case: Callable[..., Any] | None, **values: Any) -> Any:
        """Do it if there is anything to do, and show what is saved now."""
        self.saved = self.refused = self.refusal = ""
        try:
            someone = await self._admitted()
            if someone is None:
                return to_sign_in(self._path)
            if use_case is not None:
                await runtime.current().database.transact(
                    use_case, account_id=someone.account_id, **values
                )
            await self._read(someone.account_id)
        except StoreUnavailable:
            self.trouble = words.TROUBLE
        except DomainError as refusal:
            self.refused, self.refusal = field, words.refusal(refusal)
        else:
            self.saved, self.trouble = field, ""
        self.is_loaded = True
        return None

    async def _read(self, account_id: AccountId) -> None:
        raise NotImplementedError
