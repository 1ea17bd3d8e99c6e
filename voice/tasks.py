"""Tasks that leave nothing for the garbage collector, which would have to stop every call for it.

asyncio lets a cancelled task keep its `CancelledError`. Its traceback keeps the frames that it
went through; they hold what the task worked on, often the task itself, and in a task group's case
the error: all of a call that has ended, until a full collection finds it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")


def start(work: Coroutine[Any, Any, T], *, name: str | None = None) -> asyncio.Task[T]:
    """Start a task of the running loop; whoever starts it keeps it."""
    return loosen(asyncio.get_running_loop().create_task(work, name=name))


def loosen(task: asyncio.Task[T]) -> asyncio.Task[T]:
    """Have a task that was started elsewhere keep no error either, once it is cancelled."""
    task.add_done_callback(_let_go)
    return task


class TaskGroup(asyncio.TaskGroup):
    """A group of such tasks; the task that waits for it should be one, too."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for the tasks, as asyncio's group does; its frame holds the error that it raises."""
        try:
            await super().__aexit__(kind, error, traceback)
        except BaseExceptionGroup as errors:
            errors.__traceback__ = None
            raise

    def create_task(
        self, coro: Any, *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[Any]:
        """Start a task of the group."""
        return loosen(super().create_task(coro, name=name, context=context))

    def cancel(self) -> None:
        """Cancel what still runs."""
        for task in tuple(self._tasks):
            task.cancel()


def _let_go(task: asyncio.Task[Any]) -> None:
    """Take the error out of a cancelled task, and the frames out of the error."""
    if task.cancelled():
        try:
            task.exception()
        except asyncio.CancelledError as cancelled:
            cancelled.__traceback__ = None
