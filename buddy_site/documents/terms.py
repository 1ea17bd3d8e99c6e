"""The terms: what we promise, what we ask, and how either side may stop."""

from __future__ import annotations

from buddy_site.documents.document import DocumentText, Section
from shared.domain.prices import Price
from shared.seed.plans import allowances
from shared.seed.prices import paid_plan
from shared.wordings import Document

PLAN = paid_plan()
FREE = allowances()


def _price(price: Price) -> str:
    return f"{price.amount} a {price.interval}"


TERMS = DocumentText(
    document=Document.TERMS,
    title="Terms",
    summary=(
        "You talk with AI. It is for company and everyday questions, and can be wrong.",
        "You are 18 or over.",
        "What is free stays free; a plan renews until you cancel it, in two clicks.",
        "Your words stay yours.",
    ),
    sections=(
        Section(
            "What you get",
            (
                (
                    "You dial a number and talk with one of six AI buddies. On this site you can read "
                    "your calls, prove your number and change how buddies talk with you. You need no "
                    "account to call. Your phone company may charge you for the call as for any other."
                ),
            ),
        ),
        Section(
            "It is an AI",
            (
                (
                    "No buddy is a person. What they say may be wrong, out of date or made up. It is "
                    "no medical, legal or financial advice, and no therapy. Check what matters to you "
                    "somewhere else. Buddies are no help in an emergency: call 911, or 988 if you "
                    "think about harming yourself."
                ),
            ),
        ),
        Section(
            "Who may use it",
            (
                (
                    "Adults, 18 and over, for themselves. Before you prove a number or buy a plan we "
                    "ask you to say that you are one. Use a number that is yours."
                ),
            ),
        ),
        Section(
            "Being written down",
            (
                (
                    "Each call begins by saying that it is an AI and that the call is transcribed. "
                    "If you stay on the line, you agree; press 9 to decline, and the call ends. If "
                    "others can be heard on your line, tell them. Our privacy policy says what is "
                    "kept."
                ),
            ),
        ),
        Section(
            "What is free",
            (
                (
                    f"Every number has {FREE.pretrial.seconds // 60} minutes, once. With an account "
                    f"and a proved number there are {FREE.trial.seconds // 60} more, once for each "
                    "person. We may limit calls a day so that there is enough for everyone."
                ),
            ),
        ),
        Section(
            "The plan",
            (
                (
                    f"{PLAN.name}: {', or '.join(map(_price, PLAN.prices))}, plus tax where there is "
                    f"any. {PLAN.fair_use} It renews by itself at the same price until you cancel. "
                    "We tell you before a price changes."
                ),
                (
                    "Cancel at any time under Billing, in two clicks; you talk on until the end of "
                    "what you paid for. If a payment fails, you can go on talking for seven days "
                    "while your bank is asked again. If something went wrong with a charge, write to "
                    "{contact}: we put it right or pay it back. Rights that the law gives you stay."
                ),
            ),
        ),
        Section(
            "What we ask of you",
            (),
            (
                "Don't use buddies to harm, threaten or deceive anyone, or for anything illegal.",
                "Don't call by machine, resell calls, or get around the limits.",
                "Don't try to get at other people's data or to break the service.",
                "Don't read card numbers, passwords or other secrets to a buddy.",
            ),
        ),
        Section(
            "Messages",
            (
                (
                    "A code is sent only when you ask for one. Messages about your talk time come "
                    "only if you agreed to them, at most one a day. Message and data rates may apply. "
                    "Reply STOP to end them, HELP for help."
                ),
            ),
        ),
        Section(
            "Your words",
            (
                (
                    "What you say is yours, and the answers you got are yours to use. We use them "
                    "only to run the service for you."
                ),
            ),
        ),
        Section(
            "How it ends",
            (
                (
                    "You can delete your account at any time under Your data. We may end one that "
                    "breaks these terms, and say why; what was paid for and not used is then paid "
                    "back, unless the account was used to harm somebody."
                ),
            ),
        ),
        Section(
            "What we answer for",
            (
                (
                    "We work with care, but can't promise that the line is always free or that a "
                    "buddy is right. As far as the law lets us, we answer for no more than you paid "
                    "us in the twelve months before. This limits nothing that the law does not let "
                    "us limit, such as harm done on purpose."
                ),
            ),
        ),
        Section(
            "Changes, and how to reach us",
            (
                (
                    "A new version gets a new number and date at the top of this page, and we tell "
                    "you on your home page before it holds. Write to {contact}."
                ),
            ),
        ),
    ),
)
