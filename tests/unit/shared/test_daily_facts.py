"""The daily facts: the file as it is, what it may not say, and what the loader refuses."""

from __future__ import annotations

import functools
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.seed.characters import personas
from shared.seed.daily_facts import (
    KINDS,
    WORDS,
    DailyFact,
    daily_facts,
    dates,
    facts_of,
    named,
    read_daily_facts,
)
from tests.support.calendar_files import CITATION, CalendarFiles, dated, significant
from voice.conversation.spoken_text import spoken_text

FACTS = daily_facts()
FOLDER = os.environ.get("BUDDY_CALENDAR_FILES")
GREETING_WORDS = 40

# What no greeting is about. A word that others begin with stands with its star.
UNWELCOME_WORDS = """
    abortion* abuse* accident* alcohol* ambush* army armies arrest* assassin* atomic-bomb attack*
    battle* beer* behead* blast* blood* bomb bombs bombed bomber* bombing* brandy brew* bullet* burned burning burnt buried burial* cancer*
    cannabis casualt* cigar* cocaine collapse* communis* concentration-camp conquer* conquest*
    convict* corpse* coup crash* crime* criminal* crucif* dead deadly death* defeat* destroy* dictator*
    die died dies disaster* disease* divorce* drown* drug* drunk* earthquake* election* epidemic*
    execut* exile* explode* explosion* famine* fascis* fatal* flood* funeral* genocide* ghetto gin
    grave* guerrilla* guillotine* gun guns hanged heroin hijack* holocaust hostage* hurricane*
    impeach* infantry influenza injur* insurrection invade* invasion* jail* kidnap* kill* lsd
    lynch* marijuana marines massacre* military missile* mourn* murder* mutiny naval navy nazi*
    nude* nuclear opium pandemic* perish* pistol* plague* poison* pope popes prison* prohibition rape*
    rebel* resign* revolt* revolution* rifle* riot* rob robbed robber* rum scandal* sex* shipwreck*
    shooting shot siege* sink sinks sank sunk slain slave* smok* soldier* stolen strangl*
    suicid* surrender* terror* theft* thief tobacco tomb tombs torture* tragedy tragic traitor* treason
    troop* tsunami* victim* violence violent vodka war wars warfare weapon* whiskey whisky wine*
    wound* wreck*
""".split()
UNWELCOME_SUBJECTS = (
    "Hitler",
    "Mussolini",
    "Stalin",
    "Lenin",
    "Mao",
    "Franco",
    "Castro",
    "Goebbels",
    "Pol Pot",
    "Khomeini",
    "Rasputin",
    "Jack the Ripper",
    "Al Capone",
    "Jesse James",
    "Columbus",
    "Custer",
    "George Washington",
    "Thomas Jefferson",
    "James Madison",
    "James Monroe",
    "Andrew Jackson",
    "Robert E. Lee",
    "Stonewall Jackson",
    "Confederate",
    "Nixon",
    "Watergate",
    "Titanic",
    "Hindenburg",
    "Challenger",
    "Hiroshima",
    "Chernobyl",
    "Vietnam",
    "Jesus",
    "Buddha",
    "Martyrs",
    "Malvinas",
    "Taiwan Restoration",
    "Australia Day",
    "Waitangi",
    "Zodiac",
    "Horoscope",
)
UNWELCOME = re.compile(
    r"\b("
    + "|".join(word.replace("*", r"\w*").replace("-", " ") for word in UNWELCOME_WORDS)
    + "|"
    + "|".join(re.escape(subject) for subject in UNWELCOME_SUBJECTS)
    + r")\b",
    re.IGNORECASE,
)


HARMLESS = re.compile(r"\bWilhelm Beer\b|\bColumbus, Ohio\b")  # names of a person and a city


def everything() -> Iterator[tuple[tuple[int, int], DailyFact]]:
    for on, facts in FACTS.items():
        for fact in facts:
            yield on, fact


def cited() -> Iterator[tuple[tuple[int, int], DailyFact]]:
    return ((on, fact) for on, fact in everything() if fact.kind != "computed")


@functools.cache
def said(fact: DailyFact) -> str:
    return spoken_text(fact.sentence)


def unwelcome(fact: str) -> str | None:
    """Return what no greeting is about, where it is in the fact."""
    found = UNWELCOME.search(HARMLESS.sub("", fact))
    return found and found[0]


def frame(greeting: str) -> int:
    """How many words a greeting needs before and after its fact: who speaks, and the question."""
    sentences = re.split(r"(?<=[.!?]) ", greeting)
    introduced = next(index for index, words in enumerate(sentences) if " AI " in words)
    return len(" ".join((*sentences[: introduced + 1], sentences[-1])).split())


def test_every_date_has_two_facts_and_no_other_day_has_any() -> None:
    assert len(FACTS) == 366
    assert (2, 29) in FACTS
    assert all(len(facts) >= 2 for facts in FACTS.values())
    assert facts_of(1, 11) == FACTS[1, 11]
    with pytest.raises(KeyError):
        facts_of(2, 30)


def test_most_dates_have_a_fact_that_somebody_wrote_down() -> None:
    dates_with_one = {on for on, _ in cited()}

    assert len(dates_with_one) > 330
    assert {fact.kind for _, fact in everything()} == KINDS


def test_nothing_is_said_twice() -> None:
    sentences = Counter(fact.sentence for _, fact in cited())
    sources = Counter(fact.source for _, fact in cited())

    assert [text for text, count in (sentences | sources).items() if count > 1] == []
    assert [
        on for on, facts in FACTS.items() if len({fact.fact for fact in facts}) < len(facts)
    ] == []


def test_the_year_stands_beside_the_fact_and_not_in_it() -> None:
    assert [fact for _, fact in everything() if re.search(r"\b\d{4}\b", fact.fact)] == []


def test_every_sentence_can_be_said_and_leaves_room_in_a_greeting() -> None:
    unsayable = [fact for _, fact in everything() if re.search(r"[^\w\s,.'-]|\d", said(fact))]
    long = [fact for _, fact in everything() if len(said(fact).split()) > WORDS]

    assert (unsayable, long) == ([], [])


def test_who_speaks_the_longest_fact_and_a_question_are_forty_words() -> None:
    greetings = [
        greeting.format(name="Sam", weekday="Wednesday")
        for persona in personas()
        for greeting in (persona.character.greeting, persona.character.greeting_unnamed)
    ]

    assert max(map(frame, greetings)) + WORDS <= GREETING_WORDS


def test_no_greeting_is_about_death_war_disaster_or_crime() -> None:
    found = [(on, unwelcome(fact.fact), fact.fact) for on, fact in everything()]

    assert [row for row in found if row[1] is not None] == []


@pytest.mark.parametrize(
    "fact",
    [
        "a fire burned most of London",
        "the Titanic hit an iceberg",
        "Jack the Ripper made his first kill",
        "the Battle of the Boyne was fought",
        "the US Navy was founded",
        "Prohibition began in the United States",
        "a mansion was robbed in broad daylight",
        "Columbus drank a beer",
    ],
)
def test_what_is_unwelcome_is_recognized(fact: str) -> None:
    assert unwelcome(fact)


@pytest.mark.parametrize(
    "fact",
    [
        "the day that Brazil thanks its firefighters",
        "the band The Warlocks played in a diet restaurant",
        "a robin built its nest in Bombay",
        "Wilhelm Beer moved to Columbus, Ohio",
    ],
)
def test_what_only_looks_like_it_is_welcome(fact: str) -> None:
    assert unwelcome(fact) is None


def test_every_fact_is_cited_to_the_line_or_computed() -> None:
    assert [fact for _, fact in cited() if not CITATION.fullmatch(fact.source)] == []


@pytest.mark.skipif(FOLDER is None, reason="BUDDY_CALENDAR_FILES names no folder with the files")
def test_the_cited_lines_say_so() -> None:
    files = CalendarFiles(Path(FOLDER or ""))

    for on, fact in cited():
        entry = files.entry(fact.source)
        assert dated(entry) == on, fact
        assert fact.year is None or str(fact.year) in entry, fact
        assert significant(entry) & significant(fact.fact), fact


def test_a_fact_of_a_year_and_one_of_every_year_are_said_in_two_ways() -> None:
    milk = DailyFact(1878, "milk was delivered in bottles", "", "first")

    assert milk.sentence == "On this day in 1878, milk was delivered in bottles."
    assert replace(milk, year=None, fact="Groundhog Day").sentence == "Today is Groundhog Day."


GOOD: dict[str, Any] = {
    "year": 1878,
    "fact": "milk was delivered in bottles for the first time",
    "source": "Debian calendar 12.1.8, calendar.history:34",
    "kind": "first",
}


def rows(*of_the_first: Any) -> dict[str, Any]:
    return {named(*on): [GOOD, GOOD] for on in dates()} | {"01-01": list(of_the_first)}


def test_the_rows_of_a_good_file_are_read() -> None:
    found = read_daily_facts(rows(GOOD, GOOD, {**GOOD, "year": None}))

    assert found[1, 1] == (
        DailyFact(**GOOD),
        DailyFact(**GOOD),
        DailyFact(**{**GOOD, "year": None}),
    )


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"year": 2999}, "the year is not one to say"),
        ({"year": "1878"}, "no year, fact, source and kind"),
        ({"month": 1}, "no year, fact, source and kind"),
        ({"kind": "gossip"}, "the kind is unknown"),
        ({"source": "I remember it"}, "names no line of a package"),
        ({"source": "computed by shared.seed.date_counts.daylight"}, "disagree"),
        ({"fact": "milk was delivered in bottles for the first time."}, "final stop"),
        ({"fact": "milk  was delivered in bottles for the first time"}, "final stop"),
        ({"fact": ""}, "final stop"),
        ({"fact": "milk came in bottles"}, "too short"),
    ],
)
def test_a_wrong_row_is_refused_with_its_date(changed: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as refusal:
        read_daily_facts(rows(GOOD, {**GOOD, **changed}))

    assert str(refusal.value).startswith("01-01: ")


def test_a_date_with_one_fact_is_refused() -> None:
    with pytest.raises(ValueError, match="01-01 has fewer than 2 facts"):
        read_daily_facts(rows(GOOD))


def test_a_day_that_no_year_has_is_refused() -> None:
    with pytest.raises(ValueError, match="no dates: 02-30"):
        read_daily_facts(rows(GOOD, GOOD) | {"02-30": [GOOD, GOOD]})
