"""What every part of Twilio's REST API has in common: who may ask, and how it refuses.

Errors are as https://www.twilio.com/docs/usage/twilios-response has them; each code has a page
below https://www.twilio.com/docs/api/errors.
"""

from __future__ import annotations

from typing import Any

from quart import Blueprint, request

from sandbox.config import SandboxConfig

Answer = tuple[dict[str, Any], int]

# The product is in the host name at Twilio's, and the first part of the path here.
PRODUCTS = ("/api", "/verify", "/lookups")


class Refusal(Exception):
    """Twilio says no, with a status, a number and a sentence."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def error_body(status: int, message: str, code: int | None = None) -> Answer:
    """Return an error as Twilio words it."""
    number = code or status
    body = {
        "code": number,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{number}",
        "status": status,
    }
    return body, status


def not_found() -> Answer:
    """Return what https://www.twilio.com/docs/api/errors/20404 describes."""
    path = request.path
    for product in PRODUCTS:
        path = path.removeprefix(product)
    return error_body(404, f"The requested resource {path} was not found", 20404)


def vendor_api(name: str, prefix: str, config: SandboxConfig) -> Blueprint:
    """Return a blueprint that answers the account only, and words a `Refusal` as Twilio does."""
    api = Blueprint(name, __name__, url_prefix=prefix)

    @api.before_request
    async def authenticate() -> Answer | None:
        # https://www.twilio.com/docs/api/errors/20003
        given = request.authorization
        wanted = (config.account_sid, config.auth_token)
        if given is None or (given.username, given.password) != wanted:
            return error_body(401, "Authenticate", 20003)
        return None

    @api.errorhandler(Refusal)
    async def refuse(refusal: Refusal) -> Answer:
        if refusal.code == 20404:  # noqa: PLR2004 - the error's own page
            return not_found()
        return error_body(refusal.status, refusal.message, refusal.code)

    return api
