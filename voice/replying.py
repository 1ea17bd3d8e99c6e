"""From what was said to the buddy's words: the model's tokens, cut into segments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import aclosing

import structlog

from shared.configuration import PersonaView
from shared.errors import ProviderError
from voice.caller import Caller
from voice.conversation.commands import Message
from voice.conversation.events import (
    ReplyEvent,
    ReplyFailed,
    ReplyGenerated,
    ReplyId,
    SegmentGenerated,
)
from voice.conversation.prompts import model_messages
from voice.conversation.segments import Segmenter
from voice.ports import LanguageModel
from voice.timing import Stage

log = structlog.get_logger()


class Replying:
    """Has replies written and posts them segment by segment."""

    def __init__(
        self,
        language_model: LanguageModel,
        default_model: str,
        *,
        names: Mapping[int, str],
        post: Callable[[ReplyEvent], None],
        take_time: Callable[[ReplyId, Stage], None],
    ) -> None:
        self._language_model = language_model
        self._default_model = default_model
        self._names = names  # of buddies, by menu key
        self._post = post
        self._take_time = take_time

    async def generate(
        self,
        reply: ReplyId,
        history: tuple[Message, ...],
        persona: PersonaView,
        caller: Caller,
        *,
        goes_on: bool = False,
    ) -> None:
        """Write one reply, or the rest of one; a failure is an event like any other."""
        messages = model_messages(
            persona_prompt=persona.prompt,
            about_caller=caller.facts(),
            history=history,
            buddy=persona.menu_key,
            names=self._names,
            goes_on=goes_on,
        )
        segmenter = Segmenter()
        has_words = goes_on  # there may be nothing left to say
        try:
            stream = self._language_model.reply(
                messages, model=persona.model or self._default_model
            )
            async with aclosing(stream) as tokens:
                async for token in tokens:
                    self._take_time(reply, Stage.FIRST_TOKEN)
                    for text in segmenter.feed(token):
                        has_words = True
                        self._post_segment(reply, text)
            if (rest := segmenter.flush()) is not None:
                has_words = True
                self._post_segment(reply, rest)
        except ProviderError as error:
            log.warning("reply_failed", reply=reply, error=str(error))
            self._post(ReplyFailed(reply))
        except Exception:
            log.exception("reply_broke", reply=reply)
            self._post(ReplyFailed(reply))
        else:
            self._post(ReplyGenerated(reply) if has_words else ReplyFailed(reply))

    def _post_segment(self, reply: ReplyId, text: str) -> None:
        self._take_time(reply, Stage.FIRST_SEGMENT)
        self._post(SegmentGenerated(reply, text))
