"""Who is on the line: how they are greeted and spoken to, and what the model is told of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from shared.configuration import PersonaView
from shared.services.caller_profiles import AccountFacts, CallerProfile, LastTalk
from shared.services.calls import OpenedCall
from shared.services.new_accounts import AccountKind
from shared.services.resumptions import Resumption
from voice.conversation.commands import Announcement
from voice.conversation.reception import Visitor
from voice.conversation.recovery import Redial
from voice.conversation.spoken_text import spoken_text
from voice.ports import Voice

SLOW_BELOW, FAST_ABOVE = 0.97, 1.03
SLOWER_STEP, SLOWEST = 0.85, 0.65  # of the pace so far, and of a buddy's own
SLOWER = "Speak a little more slowly than usual, and let every word be clear."
FASTER = "Speak a little faster than usual, and stay clear."


PROVED = "The caller has proved to own the account. Only if asked, you may tell:"
UNPROVED = (
    "Who calls is not proved: say nothing about their account, plan, talk time or earlier calls."
)
ONE_SENTENCE = "say so once at most, in a neutral sentence; what was said then you don't know."


@dataclass(slots=True)
class Caller:
    """The caller of one call; the profile is replaced when it is edited or proved."""

    profile: CallerProfile
    visitor: Visitor
    began_at: datetime
    slower: int = 0  # times that they asked for it in this call
    redial: Redial | None = None  # after a call that broke off a moment ago

    @property
    def name(self) -> str | None:
        """How they want to be called."""
        return self.profile.settings.spoken_name

    @property
    def pause_seconds(self) -> float | None:
        """Return the silence that ends their turns, where they set one."""
        return self.profile.settings.pause_seconds

    @property
    def zone(self) -> tzinfo:
        """Their time zone; UTC where nobody said."""
        name = self.profile.settings.time_zone
        return ZoneInfo(name) if name else UTC

    def voice(self, persona: PersonaView) -> Voice:
        """Return how a buddy sounds to this caller."""
        pace = self.profile.settings.pace * SLOWER_STEP**self.slower
        return voice_of(persona, round(max(SLOWEST, pace), 2) if self.slower else pace)

    def slow_down(self) -> None:
        """Let buddies speak a step more slowly for the rest of the call."""
        self.slower += 1

    def greeting(self, persona: PersonaView) -> str:
        """Return a buddy's first words, by name where there is one."""
        if self.redial is not None and self.redial.menu_key == persona.menu_key:
            hello = f"Hi {self.name}" if self.name else "Hi"
            return f"{hello}, {persona.name} here again. {self.redial.offer}"
        return greeting(persona, self.name, self.began_at.astimezone(self.zone))

    def facts(self) -> str:
        """Return what the model is told of the caller, in sentences."""
        return " ".join((*self._who(), self._when(), *self._last_talk(), self._account()))

    def _who(self) -> tuple[str, ...]:
        return (f"The caller's name is {self.name}.",) if self.name else ()

    def _when(self) -> str:
        local = self.began_at.astimezone(self.zone)
        moment = f"{_day(local)} {local.year}, {local:%H:%M}"
        if self.profile.settings.time_zone is None:
            return f"The call began on {moment} UTC; the caller's own time is unknown."
        place = self.profile.settings.time_zone.replace("_", " ")
        return f"The call began on {moment} where the caller is ({place})."

    def _last_talk(self) -> tuple[str, ...]:
        talk = self.profile.last_talk
        if talk is None or self.profile.facts is not None:
            return ()
        day = self._day(talk.at)
        return (f"They last talked with {talk.buddy}, on {day}: {ONE_SENTENCE}",)

    def _account(self) -> str:
        facts = self.profile.facts
        if facts is not None:
            return " ".join((PROVED, self._plan(facts), *self._talks(facts.last_talks)))
        return f"{UNPROVED} {HOW_TO_PROVE[self._means]}"

    def _talks(self, talks: tuple[LastTalk, ...]) -> tuple[str, ...]:
        if not talks:
            return ()
        told = "; ".join(
            f"with {talk.buddy} on {self._day(talk.at)}, {_minutes(talk.seconds)}" for talk in talks
        )
        return (f"Last calls: {told}. What was said then you don't know.",)

    def _plan(self, facts: AccountFacts) -> str:
        if not facts.is_unlimited:
            left = _minutes(facts.seconds_left)
            return f"{left} of talk time left as the call began, no paid plan."
        until = facts.unlimited_until
        return f"The plan is Unlimited{f', paid until {self._day(until)}' if until else ''}."

    def _day(self, at: datetime) -> str:
        return _day(at.astimezone(self.zone))

    @property
    def _means(self) -> str:
        if self.profile.settings.has_pin:
            return "pin"
        return "site" if self.profile.kind is AccountKind.REGISTERED else "sign_in"


def voice_of(persona: PersonaView, pace: float = 1.0) -> Voice:
    """Return how a buddy sounds at a pace, 1 being its own."""
    instructions = persona.voice_instructions
    if not SLOW_BELOW <= pace <= FAST_ABOVE:
        instructions = f"{instructions} {SLOWER if pace < 1 else FASTER}".strip()
    return Voice(persona.voice, instructions, pace)


def visitor_of(opened: OpenedCall) -> Visitor:
    """Return what reception may know of a caller."""
    if opened.resumption is not None:
        return _visitor_who_is_back(opened, opened.resumption)
    refusal = Announcement(opened.refusal.value) if opened.refusal is not None else None
    nothing_left, farewell = _how_to_go_on(opened)
    if refusal is None and opened.seconds_left is not None and opened.seconds_left <= 0:
        refusal = nothing_left
    return Visitor(
        has_consented=opened.has_consented,
        favourite_key=opened.broken_off.menu_key
        if opened.broken_off is not None
        else opened.profile.settings.favourite_menu_key,
        refusal=refusal,
        farewell=farewell,
    )


def _visitor_who_is_back(opened: OpenedCall, before: Resumption) -> Visitor:
    """Return what reception may know of a caller whose stream broke: they were let in before."""
    return Visitor(
        has_consented=opened.has_consented,
        favourite_key=before.menu_key or opened.profile.settings.favourite_menu_key,
        farewell=_how_to_go_on(opened)[1],
        is_back=before.has_consented,
    )


def _how_to_go_on(opened: OpenedCall) -> tuple[Announcement, Announcement]:
    """Return what to say where there is no talk time, and where it runs out."""
    if opened.may_text:
        return Announcement.NO_TALK_TIME_TEXTED, Announcement.TALK_TIME_OVER_TEXTED
    match opened.caller:
        case AccountKind.REGISTERED:
            return Announcement.NO_TALK_TIME_REGISTERED, Announcement.TALK_TIME_OVER_REGISTERED
        case AccountKind.WITHHELD:
            return Announcement.WITHHELD_OVER, Announcement.WITHHELD_OVER
        case AccountKind.TEMPORARY:
            return Announcement.NO_TALK_TIME, Announcement.TALK_TIME_OVER


HOW_TO_PROVE = {
    "pin": "If asked, let them press star twice and then their four-digit PIN.",
    "site": "If asked: they can choose a PIN on the web site and type it here, after two stars.",
    "sign_in": "If asked: the web site shows it, once they sign in there.",
}


def greeting(persona: PersonaView, name: str | None, today: datetime) -> str:
    """Return a buddy's first words on this day where the caller is."""
    words = persona.greeting.replace("{name}", name) if name else persona.greeting_unnamed
    return spoken_text(words.replace("{weekday}", f"{today:%A}"))


def _day(at: datetime) -> str:
    return f"{at:%A}, {at.day} {at:%B}"


def _minutes(seconds: int) -> str:
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds} seconds"
    minutes = seconds // 60
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
