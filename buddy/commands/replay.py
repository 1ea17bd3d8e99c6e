"""`buddy replay CALL`: run a recorded call again, as it was or with something changed."""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import structlog

from buddy.commands.subcommands import Subcommands
from shared.clock import SystemClock
from shared.database import open_database
from shared.ids import CallId
from shared.services import recordings, resumptions
from shared.services.call_record import CallDetail, EntryKind
from shared.settings import Settings
from voice.conversation.commands import Side, WriteEntry
from voice.conversation.prompts import ModelMessage
from voice.replay.comparison import Comparison
from voice.replay.rerun import Changes, Outcome, rerun
from voice.replay.takes import Writer
from voice.replay.tape import Tape


def add_to(commands: Subcommands) -> None:
    parser = commands.add_parser(
        "replay", help="run a recorded call again, with another prompt, model or rule"
    )
    parser.add_argument("call", help="its id, call_…")
    parser.add_argument("--operator", required=True, metavar="EMAIL", help="who asks")
    parser.add_argument("--reason", required=True, help="why; the call's owner sees it")
    parser.add_argument("--prompt", type=Path, metavar="FILE", help="the buddies' prompt instead")
    parser.add_argument("--model", help="who writes the replies instead")
    parser.add_argument(
        "--rule",
        action="append",
        default=[],
        type=_rule,
        metavar="NAME=VALUE",
        help="a constant instead, as turn_pause=0.6; may be repeated",
    )
    parser.set_defaults(carry_out=replay)


def replay(arguments: argparse.Namespace) -> int:
    """Print what changed; return 0 where nothing did and 1 where something did."""
    settings = Settings()
    changes = Changes(
        prompt=arguments.prompt.read_text() if arguments.prompt is not None else None,
        model=arguments.model,
        rules=dict(arguments.rule),
    )
    tapes, detail = _read(settings, arguments)
    with _silence():
        comparisons = [_compared(tape, changes, detail, _writer(settings)) for tape in tapes]
    for number, comparison in enumerate(comparisons, start=1):
        if len(comparisons) > 1:
            print(f"stream {number} of {len(comparisons)}")
        print("\n".join(comparison.lines()))
    return 0 if all(comparison.is_same for comparison in comparisons) else 1


def _compared(tape: Tape, changes: Changes, detail: CallDetail, writer: Writer) -> Comparison:
    after = rerun(tape, changes, writer)
    if changes == Changes():
        return Comparison(_as_stored(detail, tape.sequence), after, is_only_words=True)
    return Comparison(rerun(tape), after)


@contextmanager
def _silence() -> Iterator[None]:
    """Log nothing: what calls log while they run is of no use here."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def _read(settings: Settings, arguments: argparse.Namespace) -> tuple[list[Tape], CallDetail]:
    database = open_database(settings, application_name="gotobuddy-replay")
    try:
        tapes, detail = database.transact_now(
            recordings.read,
            operator_email=arguments.operator,
            call_id=CallId(arguments.call),
            reason=arguments.reason,
            now=SystemClock().now(),
        )
    finally:
        database.close_now()
    return [Tape.decode(tape) for tape in tapes], detail


def _as_stored(detail: CallDetail, sequence: int) -> Outcome:
    """Return what was written down in the stream whose entries follow this number."""
    return Outcome(
        entries=[
            WriteEntry(Side(entry.side), entry.text, entry.unheard, entry.was_interrupted)
            for entry in detail.entries
            if entry.kind is EntryKind.WORDS
            and sequence < entry.sequence <= sequence + resumptions.SEQUENCE_STRIDE
        ]
    )


def _writer(settings: Settings) -> Writer:
    """Return a writer that asks the model; it has a loop of its own, outside of virtual time."""

    def write(messages: Sequence[ModelMessage], model: str) -> str:
        return asyncio.run(_written(settings, messages, model))

    def beside(messages: Sequence[ModelMessage], model: str) -> str:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(write, messages, model).result()

    return beside


async def _written(settings: Settings, messages: Sequence[ModelMessage], model: str) -> str:
    from voice.adapters.openai_chat import OpenAIChat  # noqa: PLC0415 - its SDK takes seconds

    key, base_url = settings.openai_api_key.get_secret_value(), settings.openai_base_url
    async with OpenAIChat(api_key=key, base_url=base_url) as chat:
        return "".join([token async for token in chat.reply(messages, model=model)])


def _rule(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        message = f"{text!r} is no NAME=VALUE with a number"
        raise argparse.ArgumentTypeError(message) from None
