"""Who can be chosen at the sandbox's Google."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class GoogleAccount:
    """A person with a Google account, and what Google says about them."""

    subject: str
    email: str
    name: str
    given_name: str
    is_email_verified: bool = True

    @classmethod
    def parse(cls, fields: dict[str, Any]) -> Self:
        """Read an account as `POST /_control/seed` sends it, with Google's own claim names."""
        name = str(fields.get("name", fields["email"]))
        return cls(
            subject=str(fields["sub"]),
            email=str(fields["email"]),
            name=name,
            given_name=str(fields.get("given_name", name.partition(" ")[0])),
            is_email_verified=bool(fields.get("email_verified", True)),
        )

    @property
    def claims(self) -> dict[str, object]:
        """The claims of an ID token, as Google names them.

        https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload
        """
        return {
            "email": self.email,
            "email_verified": self.is_email_verified,
            "name": self.name,
            "given_name": self.given_name,
            "family_name": self.name.removeprefix(self.given_name).strip(),
        }


SEEDED = (
    GoogleAccount("demo", "demo@gotobuddy.example", "Sam Demo", "Sam"),
    GoogleAccount("alex", "alex@gotobuddy.example", "Alex Other", "Alex"),
    GoogleAccount("robin", "robin@gotobuddy.example", "Robin Third", "Robin"),
)
