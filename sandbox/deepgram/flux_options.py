"""What a client of `/v2/listen` may ask for, at the handshake and by `Configure` later on.

Per developers.deepgram.com: reference/speech-to-text/listen-flux, docs/flux/configuration and
docs/flux/configure. What Deepgram takes and the sandbox has not built is refused with 501.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from sandbox.deepgram.options import RefusedOptions, check_audio
from sandbox.engines.roles import LINE_RATE

MODELS = ("flux-general-en", "flux-general-multi")
ENCODINGS = ("linear16", "linear32", "mulaw", "alaw", "opus", "ogg-opus")
PARAMETERS = frozenset(
    "model encoding sample_rate eager_eot_threshold eot_threshold eot_timeout_ms keyterm "
    "language_hint profanity_filter numerals redact mip_opt_out tag token".split()
)
NOT_BUILT = ("language_hint", "profanity_filter", "numerals", "redact")
MOST_KEY_TERMS = 100
EOT_THRESHOLDS = (0.5, 1.0)  # at 1.0, confidence ends no turn
EAGER_THRESHOLDS = (0.3, 0.9)
EOT_TIMEOUTS = (500, 60_000)  # milliseconds

INVALID_THRESHOLD = "INVALID_THRESHOLD"
KEYTERM_LIMIT = "CONFIGURE_KEYTERM_LIMIT_EXCEEDED"
NOT_BUILT_HERE = "NOT_BUILT_IN_THE_SANDBOX"


class RefusedConfiguration(Exception):
    """A `Configure` that changes nothing, with the code and the sentence that say why."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class FluxOptions:
    """A stream's options, as they are now."""

    model: str
    eager_eot_threshold: float | None = None
    eot_threshold: float = 0.7
    eot_timeout_ms: int = 5000
    key_terms: tuple[str, ...] = ()

    @property
    def eot_timeout(self) -> int:
        """In samples."""
        return self.eot_timeout_ms * LINE_RATE // 1000


def parse_flux_options(query: MultiDict[str, str]) -> FluxOptions:
    """Read a handshake's query; raise `RefusedOptions` where Deepgram would answer 400."""
    if unknown := sorted(set(query) - PARAMETERS):
        raise RefusedOptions(400, f"Invalid query parameter: {', '.join(unknown)}.")
    model = query.get("model", "")
    if model not in MODELS:
        raise RefusedOptions(400, f"No such model: {model or '(none)'}, on /v2/listen.")
    check_audio(query, ENCODINGS)
    for name in NOT_BUILT:
        if query.get(name, "false") != "false":
            raise RefusedOptions(501, f"The sandbox has not built {name}.")
    thresholds = {
        name: query[name]
        for name in ("eager_eot_threshold", "eot_threshold", "eot_timeout_ms")
        if name in query
    }
    try:
        options = _with_thresholds(FluxOptions(model), thresholds)
        return _with_key_terms(options, query.getlist("keyterm"))
    except RefusedConfiguration as refused:
        raise RefusedOptions(400, f"Invalid query parameter: {refused}.") from None


def configured(options: FluxOptions, body: dict[str, Any]) -> FluxOptions:
    """Apply a `Configure`: what it leaves out stays; raise `RefusedConfiguration` for all of it."""
    for name in ("language_hints", "numerals"):
        if body.get(name) is not None:
            message = f"the sandbox has not built {name}"
            raise RefusedConfiguration(NOT_BUILT_HERE, message)
    options = _with_thresholds(options, body.get("thresholds") or {})
    if (terms := body.get("keyterms")) is not None:
        options = _with_key_terms(options, [terms] if isinstance(terms, str) else list(terms))
    return options


def _with_thresholds(options: FluxOptions, thresholds: dict[str, Any]) -> FluxOptions:
    changes: dict[str, Any] = {}
    for name, limits in (
        ("eager_eot_threshold", EAGER_THRESHOLDS),
        ("eot_threshold", EOT_THRESHOLDS),
        ("eot_timeout_ms", EOT_TIMEOUTS),
    ):
        if thresholds.get(name) is not None:
            changes[name] = _number(name, thresholds[name], limits)
    if "eot_timeout_ms" in changes:
        changes["eot_timeout_ms"] = int(changes["eot_timeout_ms"])
    options = replace(options, **changes)
    eager = options.eager_eot_threshold
    if eager is not None and eager > options.eot_threshold:
        message = "eager_eot_threshold must be less than or equal to eot_threshold"
        raise RefusedConfiguration(INVALID_THRESHOLD, message)
    return options


def _number(name: str, value: Any, limits: tuple[float, float]) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        message = f"{name} must be a number"
        raise RefusedConfiguration(INVALID_THRESHOLD, message) from None
    if not limits[0] <= number <= limits[1]:
        message = f"{name} must be between {limits[0]} and {limits[1]}"
        raise RefusedConfiguration(INVALID_THRESHOLD, message)
    return number


def _with_key_terms(options: FluxOptions, terms: list[str]) -> FluxOptions:
    if len(terms) > MOST_KEY_TERMS:
        message = f"more than {MOST_KEY_TERMS} keyterms"
        raise RefusedConfiguration(KEYTERM_LIMIT, message)
    return replace(options, key_terms=tuple(str(term) for term in terms))
