"""An account's export as one archive: for machines `account.json`, for people plain text."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from buddy_site import words

README = """This is everything GoToBuddy keeps about you, as of {at}.

account.json  all of it, for programs: your profile, numbers, consents, talk time, payments,
              sign-ins, and every call with every word
calls/        each call as a page of plain text, for reading; what a buddy had begun to say and
              you did not hear stands in [brackets]

Questions, or something is wrong? Tell us; you will find how at the site.
"""
SPEAKERS = {"caller": "You", "line": "GoToBuddy"}


def archive(
    account: dict[str, Any], calls: Sequence[dict[str, Any]], *, now: datetime, where: tzinfo
) -> bytes:
    """Return a ZIP archive of what `shared.services.export` returned."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("README.txt", README.format(at=words.full_moment(now, where)))
        content = json.dumps({**account, "calls": list(calls)}, indent=1, ensure_ascii=False)
        file.writestr("account.json", content)
        for number, call in enumerate(calls, start=1):
            file.writestr(f"calls/{_name(number, call, where)}.txt", _page(call, where))
    return packed.getvalue()


def _name(number: int, call: dict[str, Any], where: tzinfo) -> str:
    began = datetime.fromisoformat(call["started_at"]).astimezone(where)
    buddy = "".join(
        letter for letter in call["buddy"] or "no-buddy" if letter.isalnum() or letter == "-"
    )
    return f"{number:04d} {began:%Y-%m-%d %H.%M} {buddy}"


def _page(call: dict[str, Any], where: tzinfo) -> str:
    began = datetime.fromisoformat(call["started_at"])
    buddy = call["buddy"] or "no buddy"
    lines = [
        f"Call with {buddy}",
        words.full_moment(began, where),
        f"Talk time: {words.length(call['talk_seconds'])}",
        words.ending(call["status"], call["end_reason"]),
        "",
    ]
    for entry in call["entries"]:
        speaker = SPEAKERS.get(entry["side"], buddy)
        unheard = f" [{entry['unheard']}]" if entry["unheard"] else ""
        lines.append(
            f"{words.offset(entry['offset_seconds'])}  {speaker}: {entry['text']}{unheard}"
        )
    return "\n".join(lines) + "\n"
