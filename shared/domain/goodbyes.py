"""Whether somebody said goodbye: who did, was not cut off."""

from __future__ import annotations

import re

_GOODBYE = re.compile(
    r"\b(?:good ?bye|bye|good ?night|see (?:you|ya)|farewell|take care|so long|"
    r"(?:talk|speak) to you (?:soon|later|tomorrow)|hang(?:ing)? up|got to go|gotta go|"
    r"have a (?:good|nice|great|lovely) (?:day|one|night|evening|weekend))\b",
    re.IGNORECASE,
)


def says_goodbye(text: str) -> bool:
    """Return whether these words part."""
    return _GOODBYE.search(text) is not None
