"""The archive of an export: readable by programs and by people."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from buddy_site.archive import archive

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CALL = {
    "call_id": "call_1",
    "buddy": "Ben",
    "started_at": "2026-11-22T02:05:00+00:00",
    "talk_seconds": 65,
    "status": "completed",
    "end_reason": "caller_hung_up",
    "entries": [
        {"side": "line", "offset_seconds": 0.0, "text": "Hello.", "unheard": ""},
        {"side": "buddy", "offset_seconds": 12.4, "text": "Once", "unheard": "upon a time."},
        {"side": "caller", "offset_seconds": 14.0, "text": "Wait, é!", "unheard": ""},
    ],
}


def opened(packed: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(packed)) as file:
        return {name: file.read(name).decode() for name in file.namelist()}


def test_it_holds_everything_twice_and_says_what_is_what() -> None:
    account = {"account_id": "acc_1", "calls": ["call_1"]}

    found = opened(archive(account, [CALL], now=NOW, where=ZoneInfo("America/New_York")))

    assert list(found) == ["README.txt", "account.json", "calls/0001 2026-11-21 21.05 Ben.txt"]
    assert json.loads(found["account.json"]) == {"account_id": "acc_1", "calls": [CALL]}
    assert found["calls/0001 2026-11-21 21.05 Ben.txt"] == (
        "Call with Ben\n"
        "Saturday, 21 November 2026, 21:05:00 EST\n"
        "Talk time: 1 min 05 s\n"
        "You hung up\n"
        "\n"
        "0:00  GoToBuddy: Hello.\n"
        "0:12  Ben: Once [upon a time.]\n"
        "0:14  You: Wait, é!\n"
    )


def test_no_name_leads_out_of_the_archive() -> None:
    found = opened(archive({}, [{**CALL, "buddy": "../../etc/x"}], now=NOW, where=UTC))

    assert "calls/0001 2026-11-22 02.05 etcx.txt" in found
