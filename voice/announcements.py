"""The line's own words, made ahead: they can be said when model, voice and database are gone.

The audio of each is a file in the data folder, made once through the text-to-speech port and
held in memory. A file's name is the hash of what is said and of who says it, so changed words
are made anew and old files just lie there.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import MappingProxyType
from typing import Final, Self

import structlog

from shared import wordings
from shared.errors import ProviderError
from shared.wordings import ConsentKind
from voice.conversation.commands import Announcement
from voice.ports import TextToSpeech, Voice
from voice.waiting import pause

# The wording that callers consent to; its version is stored with each consent.
NOTICE: Final = wordings.current(ConsentKind.TRANSCRIPTION)
NOTICE_VERSION: Final = NOTICE.version

ANNOUNCER: Final = Voice(
    "alloy", "A friendly receptionist on the phone: warm, clear and unhurried."
)

AT_ONCE: Final = 2  # a machine of our own has to make them as well
TRIES: Final = 5  # a voice that has just been started may need its time
PAUSE_BETWEEN_TRIES: Final = 1.0  # seconds

WARM_CLOSING: Final = "That was all our time for now. Thank you for the talk, it was lovely."
WRONG_PIN: Final = "That isn't the PIN. To try again, press star twice and then the four digits."

TEXTS: Final[Mapping[Announcement, str]] = MappingProxyType(
    {
        Announcement.NOTICE: NOTICE.text,
        Announcement.NOTICE_SHORT: (
            "Welcome back. As always, your buddy is an AI and this call is transcribed."
        ),
        Announcement.MENU: (
            "Who would you like to talk to? Press a key or say a name. "
            "One is Lisa, the news anchor. Two is Ben, the storyteller. "
            "Three is Ethan, the chef. Four is Jack, the sports analyst. "
            "Five is Chloe, the sass master. And six is Maya, the coach. "
            "Star and zero bring you back here at any time."
        ),
        Announcement.MENU_AGAIN: (
            "I didn't catch that. Please press a key from one to six, or say a name: "
            "Lisa, Ben, Ethan, Jack, Chloe or Maya."
        ),
        Announcement.CONSENT_DECLINED: (
            "That's fine. Nothing you said has been kept. You're welcome to call again any "
            "time. Goodbye."
        ),
        Announcement.NO_CHOICE: (
            "I couldn't make out who you'd like to talk to, so I'll let you go for now. "
            "Please call again any time. Goodbye."
        ),
        Announcement.NO_TALK_TIME: (
            "It's good to hear from you again. Your free minutes are used up. To keep talking, "
            "please sign in on our web site and add this phone number there. "
            "We hope to hear from you soon. Goodbye."
        ),
        Announcement.NO_TALK_TIME_REGISTERED: (
            "It's good to hear from you. Your talk time is used up. To keep talking, please "
            "choose a plan on our web site. We hope to hear from you soon. Goodbye."
        ),
        Announcement.NO_TALK_TIME_TEXTED: (
            "It's good to hear from you. Your talk time is used up. I'm sending you a text message "
            "that says how we can go on. We hope to hear from you soon. Goodbye."
        ),
        Announcement.WITHHELD_OVER: (
            "That was your minute: with a hidden number we can offer no more. "
            "Please call again with your number showing, and we'll have more time for you. "
            "Goodbye."
        ),
        Announcement.TALK_TIME_LOW: "Just so you know, we have about one minute left.",
        Announcement.TALK_TIME_OVER: (
            f"{WARM_CLOSING} Sign in on our web site and add this phone number, and we can go on, "
            "free of charge at first. Take care. Goodbye."
        ),
        Announcement.TALK_TIME_OVER_REGISTERED: (
            f"{WARM_CLOSING} Choose a plan on our web site, and we can go on whenever you like. "
            "Take care. Goodbye."
        ),
        Announcement.TALK_TIME_OVER_TEXTED: (
            f"{WARM_CLOSING} I'm sending you a text message that says how we can go on. "
            "Take care. Goodbye."
        ),
        Announcement.LINE_IN_USE: (
            "It seems you're talking with one of us on another line already. "
            "Please end that call first, and then call again. Goodbye."
        ),
        Announcement.ALL_LINES_BUSY: (
            "I'm sorry, all of our buddies are talking right now. "
            "Please call again in a few minutes. Goodbye."
        ),
        Announcement.SERVICE_PAUSED: (
            "I'm sorry, we're taking a break just now. Nothing is wrong with your line or with "
            "your account. Please call again a little later. Goodbye."
        ),
        Announcement.FAIR_USE_OVER: (
            "We've talked as much as our fair use allows for now, and it was lovely. "
            "You'll find when we can go on at our web site. Take care. Goodbye."
        ),
        Announcement.LONGEST_CALL: (
            "We've been talking for so long that I have to end this call here. "
            "If you'd like to go on, just call again right away. Goodbye."
        ),
        Announcement.BUDGET_OVER: (
            "I'm sorry, we've given all the time we can give today. "
            "Please call again tomorrow, we'll be glad to hear you. Goodbye."
        ),
        Announcement.ACCOUNT_DELETED: (
            "This call is being deleted, as was asked on our web site, so I'll end it here. "
            "Nothing of it is kept. You're welcome to call again any time. Goodbye."
        ),
        Announcement.PIN_RIGHT: (
            "Thank you, that's the right PIN. Your buddy can talk about your account with you now."
        ),
        Announcement.PIN_FOUR_LEFT: f"{WRONG_PIN} You have four tries left.",
        Announcement.PIN_THREE_LEFT: f"{WRONG_PIN} You have three tries left.",
        Announcement.PIN_TWO_LEFT: f"{WRONG_PIN} You have two tries left.",
        Announcement.PIN_ONE_LEFT: f"{WRONG_PIN} You have one try left.",
        Announcement.PIN_LOCKED: (
            "That was wrong too often, so the PIN is locked for an hour. "
            "You can go on talking just as before."
        ),
        Announcement.PIN_NOT_SET: (
            "There's no PIN for this number yet. You can choose one on our web site."
        ),
        Announcement.PIN_UNCHECKED: (
            "Sorry, I can't check the PIN right now. Please try again in a minute."
        ),
        Announcement.ARE_YOU_THERE: "Are you still there?",
        Announcement.STILL_HERE: (
            "I'm still here. Take all the time you need: would you like to go on?"
        ),
        Announcement.SILENT_GOODBYE: (
            "I can't hear you any more, so I'll say goodbye for now. Call again any time."
        ),
        Announcement.BUDDY_MENU: (
            "Who would you like to talk to? Press a key or say a name. One is Lisa, two is Ben, "
            "three is Ethan, four is Jack, five is Chloe, and six is Maya. Or say stay."
        ),
        Announcement.MENU_LEFT: "All right, let's go on.",
        Announcement.SLOWER: "All right, more slowly from now on.",
        Announcement.SLOWEST: "I'm sorry, this is as slow as we can speak.",
        Announcement.OFF_THE_RECORD: (
            "We're off the record. Nothing we say is written down or kept, until you press star "
            "nine, or say: back on the record."
        ),
        Announcement.ON_THE_RECORD: (
            "We're on the record again. What was said in between is kept nowhere, and forgotten."
        ),
        Announcement.STILL_WORKING: "One moment, please.",
        Announcement.REPLY_FAILED: "Sorry, I lost my thread there. Could you say that again?",
        Announcement.SYNTHESIS_FAILED: (
            "Sorry, my voice left me for a moment. Could you say that again?"
        ),
        Announcement.RECOGNISER_LOST: "Sorry, I can't hear you right now. One moment, please.",
        Announcement.RECOGNISER_GONE: (
            "I'm sorry, I can't hear you. It's our fault, not yours. "
            "Please call again in a little while. Goodbye."
        ),
        Announcement.SERVICE_ENDING: (
            "I'm sorry, we have to stop for a moment, for maintenance. "
            "Please call again in a few minutes. Goodbye."
        ),
        Announcement.SERVICE_STOPPING: "Goodbye for now, please call again.",
        Announcement.FAILED_GOODBYE: (
            "I'm sorry, something on our side isn't working today. "
            "Please call again in a little while. Goodbye."
        ),
    }
)

# Said in the voice of the buddy on the line, where that was made in time.
SAID_BY_BUDDIES: Final = (
    Announcement.ARE_YOU_THERE,
    Announcement.STILL_HERE,
    Announcement.SILENT_GOODBYE,
    Announcement.STILL_WORKING,
    Announcement.REPLY_FAILED,
    Announcement.SYNTHESIS_FAILED,
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AnnouncementShelf:
    """Every announcement's words and μ-law audio, in memory."""

    texts: Mapping[Announcement, str]
    audio: Mapping[Announcement, bytes]

    @classmethod
    async def prepare(
        cls,
        text_to_speech: TextToSpeech,
        *,
        model: str,
        folder: Path,
        voice: Voice = ANNOUNCER,
        texts: Mapping[Announcement, str] = TEXTS,
        may_be_kept: Callable[[], bool] = lambda: True,
    ) -> Self:
        """Load all announcements, making what is missing; raise `ProviderError` if that fails.

        Files are kept as long as `may_be_kept` says that `model` is who speaks.
        """
        folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - before any call
        maker = _Maker(text_to_speech, voice, asyncio.Semaphore(AT_ONCE), may_be_kept)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {
                    announcement: group.create_task(
                        maker.load_or_make(text, folder / file_name(text, voice, model))
                    )
                    for announcement, text in texts.items()
                }
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        audio = {announcement: task.result() for announcement, task in tasks.items()}
        log.info("announcements_ready", made=maker.made, loaded=len(audio) - maker.made)
        return cls(texts, audio)


def file_name(text: str, voice: Voice, model: str) -> str:
    """Return the name under which these words of this voice are kept."""
    who = (text, voice.name, voice.instructions, str(voice.speed), model)
    return f"{hashlib.sha256(chr(31).join(who).encode()).hexdigest()[:32]}.ulaw"


class _Maker:
    def __init__(
        self,
        text_to_speech: TextToSpeech,
        voice: Voice,
        turn: asyncio.Semaphore,
        may_be_kept: Callable[[], bool],
    ) -> None:
        self._text_to_speech = text_to_speech
        self._voice = voice
        self._turn = turn
        self._may_be_kept = may_be_kept
        self.made = 0

    async def load_or_make(self, text: str, path: Path) -> bytes:
        with suppress(FileNotFoundError):
            return path.read_bytes()  # noqa: ASYNC240 - before any call
        async with self._turn:
            audio = await self._make(text)
        self.made += 1
        if self._may_be_kept():
            write_whole(path, audio)
        return audio

    async def _make(self, text: str) -> bytes:
        for tries_left in reversed(range(TRIES)):
            try:
                async with aclosing(self._text_to_speech.synthesise(text, self._voice)) as chunks:
                    audio = b"".join([chunk async for chunk in chunks])
                if audio:
                    return audio
                raise _silent()
            except ProviderError as error:
                if tries_left == 0 or not error.retryable:
                    raise
                log.warning("announcement_tried_again", error=str(error))
                await pause(PAUSE_BETWEEN_TRIES)
        raise _silent()


def _silent() -> ProviderError:
    message = "an announcement came out silent"
    return ProviderError("text to speech", message, retryable=True)


def write_whole(path: Path, audio: bytes) -> None:
    """Write the whole file or none: half of it would be said for ever."""
    with NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
        part.write(audio)
    Path(part.name).replace(path)
