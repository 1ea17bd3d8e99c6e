"""STOP, START and HELP, as a Messaging Service with Advanced Opt-Out takes them.

https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out and, for the standard words and
replies, https://help.twilio.com/articles/223134027: a message that is one of the words and nothing
else, in capitals or not. Twilio answers it, remembers it, and says so to the webhook in
`OptOutType`. Who is opted out already gets no second goodbye, and no help until opted in again.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class OptOutType(StrEnum):
    """What a keyword is for, in the webhook's own words."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


WORDS: Final = {
    **dict.fromkeys(
        "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT".split(), OptOutType.STOP
    ),
    **dict.fromkeys("START YES UNSTOP".split(), OptOutType.START),
    **dict.fromkeys("HELP INFO".split(), OptOutType.HELP),
}
REPLIES: Final = {
    OptOutType.STOP: (
        "You have successfully been unsubscribed. You will not receive any more messages from this"
        " number. Reply START to resubscribe."
    ),
    OptOutType.START: (
        "You have successfully been re-subscribed to messages from this number. Reply HELP for"
        " help. Reply STOP to unsubscribe. Msg&Data Rates May Apply."
    ),
    OptOutType.HELP: "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}


def opt_out_type(body: str) -> OptOutType | None:
    """Return what a message asks of the service, or None where it is just a message."""
    return WORDS.get(body.strip().upper())


class OptOuts:
    """Who wants no messages any more."""

    def __init__(self) -> None:
        self._numbers: set[str] = set()

    def __contains__(self, number: str) -> bool:
        return number in self._numbers

    def take(self, number: str, keyword: OptOutType) -> bool:
        """Carry a keyword out; return whether it is answered."""
        was_out = number in self._numbers
        match keyword:
            case OptOutType.STOP:
                self._numbers.add(number)
                return not was_out
            case OptOutType.START:
                self._numbers.discard(number)
                return True
            case OptOutType.HELP:
                return not was_out

    def reset(self) -> None:
        """Forget all of them."""
        self._numbers.clear()
