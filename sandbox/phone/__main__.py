"""Phones a buddy: `python -m sandbox.phone --digits 1 --say "Tell me something nice."`.

Progress goes to stderr while the call runs. The exit status is 0 only if the notice was heard,
everything that was said was answered, no gap was too long, and the call ended by the buddy's
closing or by the caller; 1 if the call was not that good, 2 if there was none.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox.config import PORT_BASE
from sandbox.phone.caller import DIAL_ERRORS, default_max_gap, dial
from sandbox.phone.line import settings_of
from sandbox.phone.report import PhoneReport
from sandbox.phone.steps import Say, Step, hang_up, play, press, say

CALLER = "+14155550123"


class _Utterance(argparse.Action):
    """Keeps `--say`, `--wav` and `--barge-in` in the order they were given."""

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        order = [*(getattr(namespace, "order", None) or []), (option_string, values)]
        namespace.order = order


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the call; return the exit status."""
    options = _parse(arguments)
    try:
        return asyncio.run(_call(options))
    except DIAL_ERRORS as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m sandbox.phone", description="Phone a buddy.")
    parser.add_argument(
        "--from", dest="caller", default=CALLER, metavar="N", help="your number, or anonymous"
    )
    parser.add_argument(
        "--to", dest="called", metavar="N", help="the number to call (the buddies')"
    )
    parser.add_argument("--digits", metavar="KEYS", help="press these when the menu is heard")
    parser.add_argument(
        *("--say", "-s"), action=_Utterance, dest="order", metavar="TEXT", help="say this"
    )
    parser.add_argument(
        "--wav", action=_Utterance, dest="order", metavar="FILE", help="say this recording"
    )
    parser.add_argument(
        "--barge-in",
        action=_Utterance,
        dest="order",
        metavar="WORDS",
        help="say the next utterance (the last, if none follows) over these words of the buddy",
    )
    parser.add_argument(
        "--listen", type=float, metavar="S", help="at the end, listen for S seconds in silence"
    )
    parser.add_argument(
        *("--hang-up-after",),
        type=float,
        metavar="S",
        help="hang up S seconds after the answer, if not before",
    )
    parser.add_argument(
        *("--max-gap",), type=float, metavar="S", help="longest good gap (4; with a local model 20)"
    )
    parser.add_argument(
        *("--patience",), type=float, metavar="S", help="silence that ends the buddy's turn"
    )
    parser.add_argument("--record", type=Path, metavar="FILE", help="keep what was heard as WAV")
    parser.add_argument("--json", action="store_true", help="print the report as JSON on stdout")
    parser.add_argument(
        "--stir-verstat", metavar="VALUE", help="how the caller's number is attested"
    )
    parser.add_argument(
        "--sandbox", default=_sandbox_url(), metavar="URL", help="the sandbox's Twilio"
    )
    return parser.parse_args(arguments)


def _sandbox_url() -> str:
    port = os.environ.get("BUDDY_SANDBOX_PORT_BASE") or os.environ.get("BUDDY_SANDBOX_PORT")
    return f"http://127.0.0.1:{port or PORT_BASE}"


def _recording(name: str) -> Path:
    """Return a recording: a file, or one in the folder that BUDDY_RECORDINGS names."""
    path = Path(name)
    folder = os.environ.get("BUDDY_RECORDINGS")
    return Path(folder) / path if folder and not path.exists() else path


def script(options: argparse.Namespace) -> list[Step]:
    """Return the steps that the options ask for."""
    steps: list[Step] = [press(options.digits)] if options.digits else []
    over: str | None = None
    for option, value in options.order or []:
        if option == "--barge-in":
            over = value
        else:
            steps.append(
                play(_recording(value), over=over) if option == "--wav" else say(value, over=over)
            )
            over = None
    if over is not None and isinstance(last := steps[-1] if steps else None, Say):
        steps[-1] = Say(last.text, last.wave, over)
    if options.listen is not None:
        steps.append(hang_up(after=options.listen))
    return steps


async def _call(options: argparse.Namespace) -> int:
    extra = {} if options.stir_verstat is None else {"stir_verstat": options.stir_verstat}
    max_gap = options.max_gap
    if max_gap is None:
        max_gap = await _usual_gap(options.sandbox)
    report = await dial(
        options.sandbox,
        *script(options),
        caller=options.caller,
        called=options.called,
        options=extra,
        max_gap=max_gap,
        patience=options.patience,
        hang_up_after=options.hang_up_after,
        record=options.record,
        progress=_show,
    )
    problems = report.problems(max_gap)
    _summarise(report, problems)
    if options.json:
        print(json.dumps(report.as_json()))
    return 1 if problems else 0


async def _usual_gap(sandbox: str) -> float:
    import aiohttp  # noqa: PLC0415 - `--help` answers at once

    async with aiohttp.ClientSession() as http:
        settings = await settings_of(http, sandbox)
    return default_max_gap(is_scripted=settings.is_scripted)


def _summarise(report: PhoneReport, problems: list[str]) -> None:
    for turn in report.turns:
        gap = "no answer" if turn.gap_ms is None else f"{turn.gap_ms / 1000:.2f} s"
        if turn.said is not None:
            _show(f"  you    {turn.said}")
        cut = " -" if turn.interrupted else ""
        _show(f"  buddy  {turn.heard or '(nothing)'}{cut}  [{gap}]")
    _show(f"{report.seconds:.0f} s, ended by {report.end_reason.replace('_', ' ')}")
    for error in report.errors:
        _show(f"  {error}")
    for problem in problems:
        _show(f"not good: {problem}")


def _show(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
