"""The privacy policy: what is kept, for how long, who helps us, and what you can do about it."""

from __future__ import annotations

from buddy_site.documents.document import DocumentText, Section
from shared.domain.retention import RetentionRules
from shared.wordings import Document

DAYS = RetentionRules()

PRIVACY_POLICY = DocumentText(
    document=Document.PRIVACY_POLICY,
    title="Privacy policy",
    summary=(
        "We keep the words of your calls, encrypted, so that you can read them. Never their sound.",
        "We sell nothing about you. There is no advertising here and nobody tracks you.",
        "Your number is shared with nobody for marketing.",
        "You can take everything with you and have everything deleted, by yourself, at any time.",
    ),
    sections=(
        Section(
            "What we keep, and for how long",
            (
                (
                    "Names, addresses, numbers and every word of a call are encrypted in our "
                    "database. Under Your data you can choose shorter times for your calls."
                ),
            ),
            (),
            (
                (
                    "Calls: their words, times, length and how they ended",
                    f"{DAYS.calls_days} days, or what you choose",
                ),
                ("The sound of calls", "Not kept at all"),
                (
                    (
                        "Your account: name, email address, profile, PIN (only as a keyed hash), "
                        "numbers, talk time"
                    ),
                    "Until you delete the account",
                ),
                (
                    "A number that called without an account, and its calls",
                    f"{DAYS.temporary_days} days after its last call",
                ),
                ("Calls with a hidden number", f"{DAYS.withheld_days} day"),
                (
                    "What you agreed to, in which words and when",
                    "Until you delete the account",
                ),
                (
                    "Where you were signed in: the browser's own description, times",
                    f"{DAYS.sessions_days} days after it ended",
                ),
                (
                    "That we sent a code or a message, not its words",
                    f"Codes {DAYS.verifications_days} days, messages {DAYS.messages_days} days",
                ),
                (
                    "Which of our operators read which call, when and why",
                    f"{DAYS.audit_days} days; you see it under Your data",
                ),
                ("Payments: amounts and dates", "As long as the law on books asks"),
                (
                    "That a number or a Google account had its free minutes",
                    "For good, as a keyed hash that names nobody",
                ),
            ),
        ),
        Section(
            "Why we may",
            (
                (
                    "To do what you call us for: to hear you, answer, count minutes and show you your "
                    "calls. Being transcribed, messages to your phone and a plan that renews itself "
                    "each need your consent, which you can take back under Your data. Against misuse "
                    "we count calls and codes; that is our legitimate interest, and yours."
                ),
            ),
        ),
        Section(
            "Who works for us",
            (
                (
                    "These companies process what they need for their part and nothing more. Each "
                    "keeps it as its own terms say. No one else gets anything, unless a court makes "
                    "us."
                ),
            ),
            (),
            (
                ("Twilio", "Carries calls and messages: your number, the call's sound as it runs"),
                (
                    "Deepgram",
                    (
                        "Turns speech into text: the call's sound as it runs. We tell them with each "
                        "call not to train on it"
                    ),
                ),
                (
                    "OpenAI",
                    (
                        "Writes and speaks the buddies' answers: the call's words and, if you have "
                        "one, the name buddies say"
                    ),
                ),
                (
                    "Stripe",
                    (
                        "Takes payments: your email address, your plan and what you type on its "
                        "pages. We never see your card"
                    ),
                ),
                ("Google", "Signs you in: your name and email address come from there"),
            ),
        ),
        Section(
            "What we don't do",
            (),
            (
                "We don't sell or rent data about you, and share none for anyone's advertising.",
                (
                    "We don't share your number, or your consent to messages, with anyone for "
                    "marketing: not with partners, not with affiliates."
                ),
                "We don't train models on your calls.",
                "We don't keep your sound, and make no voiceprint.",
                (
                    "We set no cookies but those that keep you signed in and remember your time zone "
                    "and colours."
                ),
            ),
        ),
        Section(
            "What you can do",
            (
                (
                    "Everything here works by itself, under Your data and Profile, and is free. You "
                    "can also write to {contact}; we answer within 30 days."
                ),
            ),
            (
                "See and take with you all we keep about you, in one archive.",
                "Put right your name and everything else in your profile.",
                (
                    "Delete one call, or the whole account. It goes at once; the companies above are "
                    "asked to delete their part, and we keep asking until they have."
                ),
                "Take back what you agreed to. Reply STOP to any message of ours.",
                "Call without an account: with a hidden number not even that is kept for long.",
                (
                    "Complain to the authority where you live, such as the California Privacy "
                    "Protection Agency or your data protection authority."
                ),
            ),
        ),
        Section(
            "Adults only",
            (
                (
                    "GoToBuddy is for people of 18 and over, and we don't knowingly keep anything of "
                    "a child. If you think we do, write to {contact} and we delete it."
                ),
            ),
        ),
        Section(
            "When this changes",
            (
                (
                    "A new version gets a new number and date at the top of this page. If it matters "
                    "for what we may do with your data, we tell you on your home page before it "
                    "holds."
                ),
            ),
        ),
    ),
)
