"""The SQLModel tables: rows only, no rules; sealed columns hold bytes.

Importing this package registers every table, which Alembic's autogenerate relies on.
"""

from shared.tables import (
    account,
    billing,
    call,
    configuration,
    guarding,
    job,
    key_check,
    persona,
    phone_line,
    recording,
    sunset,
    talk_time,
    verification,
)

__all__ = [
    "account",
    "billing",
    "call",
    "configuration",
    "guarding",
    "job",
    "key_check",
    "persona",
    "phone_line",
    "recording",
    "sunset",
    "talk_time",
    "verification",
]
