"""What the caller did, in bursts, each tied to the sound that it answered or cut into.

A replay with other rules or words is not in step with the recording: a caller who spoke half a
second after the buddy had finished does so again, whenever that is now. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from voice.replay.playing import BREATH_SECONDS, Playing, Stretch
from voice.replay.tape import CallerItem, Sound

BURST_SECONDS: Final = 1.5  # what comes within this of the last belongs to the same burst


@dataclass(frozen=True, slots=True)
class Burst:
    """Things the caller did one after the other, and what they came after.

    `stretches` is the number of sounds the buddy had begun by then, in all. With `is_during` the
    caller cut into the last of them: `offset` counts from its beginning, else from its end, in
    seconds; from the stream's start where there was none.
    """

    items: tuple[CallerItem, ...]
    stretches: int
    is_during: bool
    offset: float

    @property
    def began_at(self) -> float:
        """The moment of its first item on the recording."""
        return self.items[0].at


def stretches_of(sent: Sequence[Sound]) -> list[Stretch]:
    """Return what the caller heard, from what was sent and cleared."""
    playing = Playing()
    for sound in sent:
        if sound.size:
            playing.sound(sound.at, sound.size)
        else:
            playing.clear(sound.at)
    return playing.stretches


def bursts(items: Sequence[CallerItem], sent: Sequence[Sound]) -> list[Burst]:
    """Return what the caller did, tied to what they heard."""
    heard = stretches_of(sent)
    return [_tied(group, heard) for group in _groups(items, heard)]


def _groups(
    items: Sequence[CallerItem], heard: Sequence[Stretch]
) -> Iterator[tuple[CallerItem, ...]]:
    group: list[CallerItem] = []
    for item in items:
        if group and (
            item.at - group[-1].at > BURST_SECONDS or _begins_between(heard, group[-1].at, item.at)
        ):
            yield tuple(group)
            group = []
        group.append(item)
    if group:
        yield tuple(group)


def _begins_between(heard: Sequence[Stretch], since: float, until: float) -> bool:
    return any(since <= stretch.began_at < until for stretch in heard)


def _tied(items: tuple[CallerItem, ...], heard: Sequence[Stretch]) -> Burst:
    at = items[0].at
    # A sound that begins with what the caller does is the answer to it.
    before = [stretch for stretch in heard if stretch.began_at < at]
    if not before:
        return Burst(items, 0, is_during=True, offset=at)
    last = before[-1]
    # What cuts a sound short and the end of that sound are one instant.
    if at < last.ended_at or (last.is_cut and at - last.ended_at < BREATH_SECONDS):
        return Burst(items, len(before), is_during=True, offset=at - last.began_at)
    return Burst(items, len(before), is_during=False, offset=at - last.ended_at)
