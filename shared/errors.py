"""Every error this project raises on purpose, in three branches.

A refusal of ours is a `DomainError` with a stable `code`; a vendor's failure is a
`ProviderError`; a broken wire is a `ProtocolError`. Statuses, TwiML and page texts are
chosen at the edges.
"""

from __future__ import annotations

from typing import ClassVar


class BuddyError(Exception):
    """Base of every error this project raises on purpose."""


class DomainError(BuddyError):
    """A rule of ours said no. `code` is stable: pages, logs and tests match on it."""

    code: ClassVar[str]


class ProviderError(BuddyError):
    """A vendor failed us. `retryable` says whether asking again can help."""

    def __init__(self, provider: str, message: str, *, retryable: bool) -> None:
        super().__init__(f"{provider}: {message}")
        self.provider = provider
        self.retryable = retryable


class ProtocolError(BuddyError):
    """A wire is broken."""


class RemoteProtocolError(ProtocolError):
    """The peer sent bytes that its protocol does not allow."""


class LocalProtocolError(ProtocolError):
    """We were about to send what the protocol does not allow."""
