"""What the buddies of one call have lying ready to be said in their own voice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache

from shared.configuration import PersonaView
from voice.announcements import SAID_BY_BUDDIES
from voice.caller import Caller
from voice.conversation import bridges, honesty
from voice.conversation.commands import Announcement
from voice.conversation.spoken_text import spoken_text
from voice.desk import WordsMadeAhead


class OwnWords:
    """Finds words that were made ahead, and has those made that a buddy may need."""

    def __init__(
        self, made_ahead: WordsMadeAhead, texts: Mapping[Announcement, str], caller: Caller
    ) -> None:
        self._made_ahead = made_ahead
        self._texts = texts
        self._caller = caller

    def audio(self, persona: PersonaView, text: str) -> bytes | None:
        """Return words as this buddy says them to this caller, if they are ready."""
        return self._made_ahead.audio(self._caller.voice(persona), text)

    def announcement(self, persona: PersonaView | None, key: Announcement) -> bytes | None:
        """Return an announcement that is this buddy's to make, if it is ready."""
        if persona is None or key not in SAID_BY_BUDDIES:
            return None
        return self.audio(persona, self._texts[key])

    def fillers(self, persona: PersonaView) -> tuple[str, ...]:
        """Return the fillers that can be said at once."""
        return self._made_ahead.ready(self._caller.voice(persona), _as_said(persona.fillers))

    async def prepare(self, persona: PersonaView, others: Collection[PersonaView]) -> None:
        """Have made what this buddy may have to say, and how the others would take up."""
        said = (self._texts[key] for key in SAID_BY_BUDDIES)
        words = (*_as_said(persona.fillers), honesty.ANSWER, bridges.HANDING_OVER, *said)
        await self._made_ahead.prepare_all(self._caller.voice(persona), words)
        for other in others:
            if other != persona:
                opening = (bridges.taking_up(other.name),)
                await self._made_ahead.prepare_all(self._caller.voice(other), opening)


@lru_cache(maxsize=64)  # asked at every event of a call
def _as_said(fillers: tuple[str, ...]) -> tuple[str, ...]:
    """Return an operator's words as replies are said, without what leaves nothing to say."""
    return tuple(spoken for words in fillers if (spoken := spoken_text(words)))
