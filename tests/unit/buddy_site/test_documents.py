"""What anyone may read: no word changes without its version, and nothing is promised in vain."""

from __future__ import annotations

import pytest

from buddy_site.documents.crisis import CRISIS
from buddy_site.documents.document import DocumentText
from buddy_site.documents.privacy import PRIVACY_POLICY
from buddy_site.documents.terms import TERMS
from shared import wordings
from voice.conversation.prompts import SPEAKING_RULES

DOCUMENTS = (TERMS, PRIVACY_POLICY, CRISIS)

# Whoever changes a word gives the document its next version and date in `shared.wordings`, and
# then puts both here.
KNOWN = {
    ("terms", "1"): "e093ed94466022ea2459dd5e34af2c483c348773284fd2c187b1f7231330762c",
    ("privacy_policy", "1"): "d299617344e9ad66835d4d23b02203899a42d756fcfffb95bc49c4894ab1b387",
    ("crisis_protocol", "1"): "5a491ad7a3fbd2192a771c9a958b1926219bedbfcb5a9101ab1b45ac8ab75042",
}


@pytest.mark.parametrize("text", DOCUMENTS, ids=lambda text: text.document.value)
def test_no_word_changes_without_its_version(text: DocumentText) -> None:
    version = wordings.document(text.document).version

    assert KNOWN[text.document.value, version] == text.fingerprint


def words(text: DocumentText) -> str:
    return repr(text)


def test_every_company_that_gets_anything_is_named() -> None:
    said = words(PRIVACY_POLICY)

    assert [
        name for name in ("Twilio", "Deepgram", "OpenAI", "Stripe", "Google") if name not in said
    ] == []


def test_numbers_are_shared_with_nobody_for_marketing() -> None:
    """What carriers look for before they let a campaign send messages."""
    assert "We don't share your number, or your consent to messages, with anyone for marketing" in (
        words(PRIVACY_POLICY)
    )
    assert "Reply STOP" in words(TERMS)


def test_crisis_protocol_says_what_buddies_are_told() -> None:
    said = words(CRISIS)

    for written, told in (
        ("call or text 988", "call or text nine eight eight"),
        ("call 911", "call nine one one"),
        ("every joke", "no joke"),
        ("never describe a way to do harm", "Never describe a way to do harm"),
        ("never promise that help is on its way", "never promise that help is on its way"),
    ):
        assert written in said
        assert told in SPEAKING_RULES
