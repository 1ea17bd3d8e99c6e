"""What people agree to, word for word, each wording under a version that is stored with consent.

Whoever changes a wording adds a version at the end and leaves the former ones as they are: a row
names what its owner read or heard. A spoken wording says it is spoken; `{…}` stands for what the
page fills in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class ConsentKind(StrEnum):
    """What somebody may agree to; nothing of it is ever ticked for them."""

    TRANSCRIPTION = "transcription"  # of calls: by staying on the line, or on the site
    ADULT = "adult"  # 18 or over
    OTP_SMS = "otp_sms"  # one message or call with a code, now
    SERVICE_SMS = "service_sms"  # messages about the service, such as how to go on
    RENEWAL = "renewal"  # a plan that renews by itself


@dataclass(frozen=True, slots=True)
class Wording:
    """One version of the words."""

    version: str
    text: str
    since: date


# What is agreed to on the site, once for all calls; the line then says a short notice only.
SITE_TRANSCRIPTION: Final = Wording(
    "site-1",
    "I know that buddies are AI, and I agree that my calls are transcribed. The line then needs "
    "only a short notice.",
    date(2026, 11, 22),
)

WORDINGS: Final[Mapping[ConsentKind, tuple[Wording, ...]]] = MappingProxyType(
    {
        ConsentKind.TRANSCRIPTION: (
            SITE_TRANSCRIPTION,
            Wording(
                "notice-1",
                "Hello, this is Go To Buddy. You will be talking with an AI, and this call is "
                "transcribed. By staying on the line you agree. To decline, press nine.",
                date(2026, 11, 22),
            ),
        ),
        ConsentKind.ADULT: (Wording("adult-1", "I am 18 years old or older.", date(2026, 11, 22)),),
        ConsentKind.OTP_SMS: (
            Wording(
                "otp-1",
                "GoToBuddy will send one message, or make one call, with a code to this number "
                "each time you ask for it. Message and data rates may apply. Reply STOP to end, "
                "HELP for help. See our terms and privacy policy.",
                date(2026, 11, 22),
            ),
        ),
        ConsentKind.SERVICE_SMS: (
            Wording(
                "service-1",
                "Text me about my talk time: at most one message a day, for example how to go "
                "on when it has run out. Not needed to use GoToBuddy. Message and data rates may "
                "apply. Reply STOP to end, HELP for help. See our terms and privacy policy.",
                date(2026, 11, 22),
            ),
        ),
        ConsentKind.RENEWAL: (
            Wording(
                "renewal-1",
                "I agree that my plan renews by itself: {price} every {interval}, charged to my "
                "card, until I cancel. I can cancel at any time under Billing, in two clicks.",
                date(2026, 11, 22),
            ),
        ),
    }
)


class Document(StrEnum):
    """What anyone may read on the site; using it is accepting it."""

    TERMS = "terms"
    PRIVACY_POLICY = "privacy_policy"
    CRISIS_PROTOCOL = "crisis_protocol"


@dataclass(frozen=True, slots=True)
class DocumentVersion:
    """Which version of a document holds, and since when."""

    version: str
    since: date


# A test compares the words with their version: who changes a word, adds one.
DOCUMENTS: Final[Mapping[Document, DocumentVersion]] = MappingProxyType(
    {
        Document.TERMS: DocumentVersion("1", date(2026, 11, 22)),
        Document.PRIVACY_POLICY: DocumentVersion("1", date(2026, 11, 22)),
        Document.CRISIS_PROTOCOL: DocumentVersion("1", date(2026, 11, 22)),
    }
)


FIRST_VERSION: Final = "1"
ANNOUNCED_BEFORE: Final = timedelta(days=60)  # so long before a new version holds at most
ANNOUNCED_AFTER: Final = timedelta(days=30)  # and so long once it does


def announced(
    today: date, versions: Mapping[Document, DocumentVersion] = DOCUMENTS
) -> tuple[Document, ...]:
    """Return the documents whose owners have to be told that they change, or have changed."""
    return tuple(
        which
        for which, one in versions.items()
        if one.version != FIRST_VERSION
        and one.since - ANNOUNCED_BEFORE <= today <= one.since + ANNOUNCED_AFTER
    )


def document(which: Document) -> DocumentVersion:
    """Return the version of a document that holds."""
    return DOCUMENTS[which]


def current(kind: ConsentKind) -> Wording:
    """Return the wording in use."""
    return WORDINGS[kind][-1]
