"""What two buddies say when one hands the call over to the other.

They are few and never change, so that their sound is ready; what belongs to this very talk is the
new buddy's own sentence, which follows.
"""

from __future__ import annotations

from typing import Final

HANDING_OVER: Final = "Of course, I'll hand you over."


def taking_up(name: str) -> str:
    """Return the first words of the buddy who takes over."""
    return f"Hi, {name} here. I know where the two of you were."
