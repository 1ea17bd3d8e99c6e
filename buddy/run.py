"""`make run`: the database, and every program in its order; one Ctrl-C stops them all."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence

from buddy.console import Console
from buddy.guarding import GuardProcess, guarding
from buddy.instance import AlreadyRunning, only_run
from buddy.ports import busy_ports
from buddy.preparation import EmbeddedServer, prepare
from buddy.programs import ROOT, Program, programs, wanted_ports, with_ports
from buddy.supervisor import Supervisor
from buddy.warming import warm_buddies
from shared.errors import BuddyError
from shared.phone import PhoneNumber
from shared.settings import Settings

STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(settings: Settings, console: Console, listed: Sequence[Program] | None = None) -> int:
    """Run the product (or the programs that are listed) until told to stop; return the status."""
    # Nobody else may list it; the database's own user has to pass through it when root runs us.
    settings.data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    try:
        with only_run(settings.data_dir, with_ports(settings).site_public_url) as lock:
            if busy := busy_ports(settings.listen_host, wanted_ports(settings)):
                console.say("\n".join(str(port) for port in busy))
                return 1
            with guarding(lock) as guard:
                return asyncio.run(_run(settings, console, guard, listed or programs(settings)))
    except AlreadyRunning as refusal:
        console.say(str(refusal))
        return 1


async def _run(
    settings: Settings, console: Console, guard: GuardProcess, listed: Sequence[Program]
) -> int:
    logs = settings.data_dir.absolute() / "logs"
    supervisor = Supervisor(
        logs=logs, guard=guard, console=console, cwd=ROOT, environ=dict(os.environ)
    )
    database = EmbeddedServer(settings, guard, console)
    stop = _stop_requested(console, supervisor)
    console.say(f"GoToBuddy (logs in {settings.data_dir / 'logs'}, Ctrl-C stops everything)")
    try:
        return await _until(
            stop, lambda: _work(settings, console, supervisor, database, listed), console
        )
    finally:
        started = asyncio.get_running_loop().time()
        await supervisor.stop()
        await database.stop()
        console.say(f"Stopped in {asyncio.get_running_loop().time() - started:.1f} s.")


async def _work(
    settings: Settings,
    console: Console,
    supervisor: Supervisor,
    database: EmbeddedServer,
    listed: Sequence[Program],
) -> None:
    started = asyncio.get_running_loop().time()
    await database.start()
    await asyncio.to_thread(prepare, settings)
    console.step("database", f"ready after {asyncio.get_running_loop().time() - started:.1f} s")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(supervisor.pass_on_news())
        tasks.create_task(database.keep())
        await _bring_up(settings, console, supervisor, listed)
        tasks.create_task(supervisor.keep())


async def _bring_up(
    settings: Settings, console: Console, supervisor: Supervisor, listed: Sequence[Program]
) -> None:
    (site,) = (program for program in listed if program.name == "site")
    address = with_ports(settings).site_public_url

    async def open_site() -> None:
        await supervisor.bring_up(site)
        console.say(f"site: {address}")

    first = [program for program in listed if program.is_stopped_last]
    rest = [program for program in listed if program not in (*first, site)]
    # The pages can be read while the models still load; the others need what those make.
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(open_site())
        for program in first:
            await supervisor.bring_up(program)
        for program in rest:
            if program.follows is None:
                tasks.create_task(_bring_up_in_turn(supervisor, program, rest))
    if any(program.name == "sandbox" for program in listed):
        openai_url = f"http://127.0.0.1:{settings.sandbox_port + 2}"
        if not await warm_buddies(settings, openai_url):
            console.step("sandbox", "the buddies' first answers may take long")
    console.say(f"ready: {address}")
    console.say(_what_next(settings))


async def _bring_up_in_turn(
    supervisor: Supervisor, program: Program, listed: Sequence[Program]
) -> None:
    """Bring a program up, and then those that follow it."""
    await supervisor.bring_up(program)
    for other in listed:
        if other.follows == program.name:
            await _bring_up_in_turn(supervisor, other, listed)


def _what_next(settings: Settings) -> str:
    number = PhoneNumber.parse(settings.phone_number).e164
    if settings.environment == "production":
        return f"\n  The buddies answer {number}."
    sandbox = f"http://localhost:{settings.sandbox_port}"
    return (
        f"\n  The buddies answer {number}. Phone them from a second terminal, or in the browser:\n"
        "    make call ARGS='--say \"hello Lisa\" --digits 1'\n"
        f"    {sandbox}/phone, and {sandbox}/messages shows what is texted\n"
        "  Sign in on the site as Sam, whose number that call comes from, and watch the words\n"
        "  appear while they are spoken.\n"
    )


def _stop_requested(console: Console, supervisor: Supervisor) -> asyncio.Event:
    """Return what the first Ctrl-C sets; the second one ends everything at once."""
    stop = asyncio.Event()

    def request() -> None:
        if stop.is_set():
            supervisor.kill()
            return
        stop.set()
        console.say("\nStopping …")

    for number in STOPPING_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, request)
    return stop


async def _until(stop: asyncio.Event, work: Callable[[], Awaitable[None]], console: Console) -> int:
    """Work until told to stop or until it can't go on; return the exit status."""
    working = asyncio.ensure_future(work())
    told = asyncio.ensure_future(stop.wait())
    await asyncio.wait({working, told}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    working.cancel()
    try:
        await working
    except asyncio.CancelledError:
        return 0
    except (BuddyError, ExceptionGroup) as error:
        for reason in _reasons(error):
            console.say(f"\n{reason}")
        return 1
    return 0


def _reasons(error: Exception) -> list[BuddyError]:
    """Return what went wrong, one by one; raise what was not foreseen."""
    if isinstance(error, BuddyError):
        return [error]
    if isinstance(error, ExceptionGroup):
        return [reason for inner in error.exceptions for reason in _reasons(inner)]
    raise error
