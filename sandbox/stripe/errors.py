"""Refusals in Stripe's own shape: https://docs.stripe.com/api/errors and /error-codes."""

from __future__ import annotations

from typing import Any

API_ERROR = "api_error"
INVALID_REQUEST = "invalid_request_error"


class StripeRefusal(Exception):
    """A request that is answered with an error."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = INVALID_REQUEST,
        code: str | None = None,
        param: str | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.details = details

    @property
    def body(self) -> dict[str, Any]:
        """Return what is answered; what is not known is left out, as Stripe does."""
        error: dict[str, Any] = {"message": str(self), "type": self.kind}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param is not None:
            error["param"] = self.param
        return {"error": dict(sorted({**error, **self.details}.items()))}


def missing(param: str) -> StripeRefusal:
    """Say that a parameter has to be there."""
    return StripeRefusal(f"Missing required param: {param}.", code="parameter_missing", param=param)


def no_such(kind: str, identifier: str, *, param: str = "id", status: int = 404) -> StripeRefusal:
    """Say that there is no such object; 404 where the address names it, 400 in a parameter."""
    word = kind.rpartition(".")[2]
    return StripeRefusal(
        f"No such {word}: '{identifier}'", status=status, code="resource_missing", param=param
    )


def not_built(what: str) -> StripeRefusal:
    """Say that the sandbox does not do this; Stripe itself would."""
    return StripeRefusal(f"The sandbox has not built {what}.", status=501, kind=API_ERROR)


def error_body(status: int, sentence: str) -> tuple[Any, int]:
    """Return a failure that was asked for, as Stripe words its own."""
    kind = {429: INVALID_REQUEST, 402: "card_error"}.get(status, API_ERROR)
    code = "rate_limit" if status == 429 else None  # noqa: PLR2004 - a status of HTTP
    return StripeRefusal(sentence, status=status, kind=kind, code=code).body, status
