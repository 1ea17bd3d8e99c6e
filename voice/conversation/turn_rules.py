"""The constants of turn-taking; an installation may set its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TurnRules:
    """The constants of turn-taking, in seconds where not said otherwise."""

    pause: float = 0.8  # words, then this silence, end a turn
    dictation_pause: float = 2.0  # the same in the middle of digits, letters, an address
    voice_hold: float = 1.2  # voice without words holds a begun turn open this long
    voice_hold_most: float = 3.0  # after the last word: noise holds no turn open for longer
    final_wait: float = 3.0  # words without their final are taken as they are after this
    interruption_words: int = 2  # fewer do not interrupt, unless one is a stop word
    kept_word: float = 1.0  # a short word this close to the reply's end becomes a turn
    speculations: int = 2  # replies prepared before a turn is over; 0 prepares none
    speculate_after: float = 0.25  # of silence after final words, without a hint
    silence: float = 10.0  # a caller who says nothing is asked after this
    silence_questions: int = 2  # so many times; then comes a goodbye
    filler_after: float = 0.7  # of a turn's end without words of the reply; 0: never
    cover_after: float = 3.0  # of silence when it is the buddy's turn, something is said
    cover_spacing: float = 1.0  # but never sooner than this after the turn ended
    reply_timeout: float = 20.0  # for a reply's first words, and from one to the next
    playback_stall: float = 6.0  # no mark came back for this long: the line lost it
    recogniser_note: float = 5.0  # who is not heard is asked for patience after such a silence
    recogniser_wait: float = 12.0  # for a lost recogniser to return, then comes a goodbye
    failures: int = 3  # failed replies in a row end the call
    menu_wait: float = 6.0  # after the menu in mid-call; then the talk goes on
    repeated_segments: int = 4  # so much of what was said last is said again at most
    slower_steps: int = 2  # how often "slower" can be asked for
    closing: float = 25.0  # the longest that last words may take
