"""What a buddy may call somebody: a name, said aloud and shown to the model, and nothing else.

Whatever stands here is spoken at the start of every call and stands in the model's instructions,
so it must neither be read out as something else nor be taken for an instruction.
"""

from __future__ import annotations

import re
import unicodedata

from shared.errors import DomainError

LONGEST_NAME = 40  # characters; longer ones are no fun to hear
MOST_WORDS = 4
MOST_MARKS = 2  # on one letter: Vietnamese has two
JOINERS = frozenset(" -'.")  # Anne Marie, Jean-Luc, O'Neil, J.

ALIKE = str.maketrans("’ʼ`‐‑–", "'''---")

# One of these, as a word, and it is an instruction.
COMMANDS = frozenset(
    "admin assistant chatgpt command disregard function gpt http https ignore ignores "
    "instruction instructions jailbreak openai operator override prompt prompts roleplay "
    "system www".split()
)
# These are names somewhere (You, Say and Never are), but not several of them, or in a sentence.
SENTENCE_WORDS = frozenset(
    "act all always and are as be call do everything for forget from give hello i is it just "
    "me must my never no not now of on please pretend previous read repeat reveal say speak "
    "stop tell that the this to what will with you your".split()
)
SENTENCE_LENGTH = 3

# Said to nobody, by nobody's buddy. Whole words, as many a name contains one of them.
ABUSE = frozenset(
    "arsehole asshole bastard bitch bullshit cocksucker cunt dickhead dyke fag faggot fuck fucker "
    "fucking hitler kike motherfucker nazi negro nigga nigger paki pussy rapist retard shit shitty "
    "slut spic terrorist tranny twat wanker whore".split()
)
ABUSE_ANYWHERE = ("fuck", "nigger", "faggot", "asshole", "hitler")


class NameRefused(DomainError):
    """A buddy can call nobody that."""

    code = "name_refused"


class NameEmpty(NameRefused):
    """There is no letter in it."""

    code = "name_empty"


class NameTooLong(NameRefused):
    """It is longer than anybody wants to be called."""

    code = "name_too_long"


class NotLetters(NameRefused):
    """It has digits, signs or invisible characters in it."""

    code = "name_not_letters"


class NotAName(NameRefused):
    """It reads like an instruction or an insult."""

    code = "name_not_a_name"


def spoken_name(text: str) -> str:
    """Return the name in its one spelling; raise `NameRefused` where it is none."""
    if len(text) > 4 * LONGEST_NAME:  # normalising is not free
        raise NameTooLong
    name = _tidy(text)
    if not any(character.isalpha() for character in name):
        raise NotLetters if name else NameEmpty
    if len(name) > LONGEST_NAME:
        raise NameTooLong
    if not all(_may_be_in_a_name(character) for character in name) or _is_piled_up(name):
        raise NotLetters
    words = _words(name)
    if len(words) > MOST_WORDS or _commands(words) or _insults(words) or _looks_like_a_link(name):
        raise NotAName
    return name


def from_provider(text: str | None) -> str | None:
    """Return the name that a sign-in brought along, or None where it can't be spoken."""
    try:
        return spoken_name(text or "")
    except NameRefused:
        return None


def _tidy(text: str) -> str:
    """Return one spelling for what looks alike: full-width letters, curly quotes, wide spaces."""
    normal = unicodedata.normalize("NFKC", text).translate(ALIKE)
    return re.sub(" +", " ", normal).strip(" ")


def _may_be_in_a_name(character: str) -> bool:
    return character in JOINERS or unicodedata.category(character)[0] in "LM"


def _is_piled_up(name: str) -> bool:
    """Return whether letters carry more marks than any language gives them."""
    run = 0
    for character in unicodedata.normalize("NFD", name):
        run = run + 1 if unicodedata.combining(character) else 0
        if run > MOST_MARKS:
            return True
    return False


def _words(name: str) -> list[str]:
    """Return its words without accents and capitals."""
    plain = "".join(
        character
        for character in unicodedata.normalize("NFD", name.casefold())
        if not unicodedata.combining(character)
    )
    return [word for word in re.split(r"[\s\-'.]+", plain) if word]


def _commands(words: list[str]) -> bool:
    if COMMANDS.intersection(words):
        return True
    said = sum(word in SENTENCE_WORDS for word in words)
    return said > 1 or (said == 1 and len(words) >= SENTENCE_LENGTH)


def _insults(words: list[str]) -> bool:
    run_together = "".join(words)
    return bool(ABUSE.intersection(words)) or any(one in run_together for one in ABUSE_ANYWHERE)


def _looks_like_a_link(name: str) -> bool:
    """Return whether a full stop stands where only an address has one: "evil.example"."""
    return re.search(r"\w{2,}\.\w{2,}", name) is not None or ".." in name
