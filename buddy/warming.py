"""Has the sandbox's language model read the buddies' prompts before anybody calls.

A small model on two cores takes ten seconds to read a prompt it has never met. Whatever the
caller says comes after it, so what was read once serves every turn.
"""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request

from shared.database import StoreUnavailable, open_database
from shared.services import personas
from shared.settings import Settings
from voice.conversation.prompts import model_messages

ANSWER_SECONDS = 5.0


async def warm_buddies(settings: Settings, openai_url: str) -> bool:
    """Hand the prompts over; return whether that worked. Reading them goes on behind it."""
    return await asyncio.to_thread(_warm, settings, openai_url)


def _warm(settings: Settings, openai_url: str) -> bool:
    try:
        body = json.dumps({"prefixes": _prompts(settings)}).encode()
        request = urllib.request.Request(  # noqa: S310 - the sandbox's own loopback address
            f"{openai_url}/_control/warm", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's own
    except (StoreUnavailable, urllib.error.URLError, TimeoutError):
        return False


def _prompts(settings: Settings) -> list[str]:
    database = open_database(settings, application_name="buddy")
    try:
        views = database.transact_now(personas.published)
    finally:
        database.close_now()
    return [
        model_messages(persona_prompt=view.prompt, about_caller="", history=())[0].text
        for view in sorted(views, key=lambda view: view.menu_key)
    ]
