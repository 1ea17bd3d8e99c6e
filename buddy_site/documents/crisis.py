"""The crisis protocol: what happens when somebody speaks of suicide, and what does not.

California's SB 243 wants it published. It says what the product does today and nothing else;
what buddies are told is `SPEAKING_RULES` of the voice service.
"""

from __future__ import annotations

from buddy_site.documents.document import DocumentText, Section
from shared.wordings import Document

CRISIS = DocumentText(
    document=Document.CRISIS_PROTOCOL,
    title="If somebody is in a crisis",
    summary=(
        "In danger now: call 911.",
        (
            "Thinking about suicide or about harming yourself: call or text 988. Free in the US and "
            "in Canada, day and night, and with people at the other end."
        ),
        "Buddies are AI. They are told to send you there. They can't send anyone to you.",
    ),
    sections=(
        Section(
            "What a buddy does",
            (
                (
                    "Every buddy, whatever their character, has the same instruction. When somebody "
                    "on the line may harm themselves or others, or is in danger, it comes before "
                    "anything else:"
                ),
            ),
            (
                "They drop every other subject, and every joke.",
                "They say kindly that this matters more than anything else.",
                "They ask the caller to call or text 988, or to call 911, right now.",
                (
                    "They never describe a way to do harm, never give a diagnosis, and never promise "
                    "that help is on its way."
                ),
            ),
        ),
        Section(
            "What nobody does",
            ("We would rather say this plainly than have anyone count on it:",),
            (
                "No person listens along, and none is told that a call is about this.",
                (
                    "Nobody is sent to the caller, and nobody else is called. We often don't know "
                    "where a caller is."
                ),
                (
                    "No program beside the buddy watches for signs of a crisis. Whether it is noticed "
                    "depends on the buddy, which is a language model: it may miss it, take one thing "
                    "for another, or find the wrong words."
                ),
                (
                    "Talk time runs on and can end. Don't stay for us: hang up and call 988. "
                    "They have no clock."
                ),
            ),
        ),
        Section(
            "Where to find people",
            (),
            (),
            (
                ("In danger, anywhere in the US or Canada", "Call 911"),
                ("Suicide and crisis, US and Canada", "Call or text 988"),
                ("By text, US and Canada", "Text HOME to 741741, the Crisis Text Line"),
                ("Veterans, US", "Call 988, then press 1"),
                ("LGBTQ young people, US", "Call 1-866-488-7386, the Trevor Project"),
                ("Elsewhere", "findahelpline.com lists lines by country"),
            ),
        ),
        Section(
            "That it is an AI",
            (
                (
                    "Every call begins with a voice that says so, before any buddy speaks, and every "
                    "buddy says so again whenever somebody asks. Calls end after an hour at the "
                    "latest, so nobody talks for long without hearing it. GoToBuddy is for adults."
                ),
            ),
        ),
        Section(
            "What we count",
            (
                (
                    "Nothing so far: we keep no record of which calls were about a crisis. Where the "
                    "law asks for yearly numbers of referrals, we will count them without any words."
                ),
            ),
        ),
        Section(
            "Tell us",
            ("If a buddy did not do what is written here, please write to {contact}.",),
        ),
    ),
)
