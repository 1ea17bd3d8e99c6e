"""Reads TwiML into verbs, the way Twilio does: strict about XML, lenient about what it knows.

https://www.twilio.com/docs/voice/twiml: the root is `<Response>`, names are case-sensitive. XML
that can't be read is error 12100 (https://www.twilio.com/docs/api/errors/12100); an element or
attribute that is not in the schema is warning 12200 and is passed over
(https://www.twilio.com/docs/api/errors/12200). Verbs that Twilio has and the sandbox has not are
said to be so.
"""

from __future__ import annotations

import contextlib
import ipaddress
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from sandbox.twilio.errors import NOT_BUILT, CallProblem

OTHER_VERBS = frozenset(
    {"Dial", "Enqueue", "Leave", "Pay", "Prompt", "Queue", "Record", "Refer"}
    | {"Sms", "Start", "Stop", "Siprec"}
)
OTHER_NOUNS = frozenset(
    {"AiSession", "Assistant", "Autopilot", "Conversation", "ConversationRelay"}
    | {"ConversationRelaySession", "Room", "VirtualAgent"}
)
LONGEST_PARAMETER = 500  # characters of name and value together


@dataclass(frozen=True, slots=True)
class Stream:
    """https://www.twilio.com/docs/voice/twiml/stream, inside `<Connect>`."""

    url: str
    name: str = ""
    status_callback: str | None = None
    status_callback_method: str = "POST"
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Connect:
    """https://www.twilio.com/docs/voice/twiml/connect."""

    stream: Stream
    action: str | None = None
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Say:
    """https://www.twilio.com/docs/voice/twiml/say."""

    text: str
    voice: str = ""
    loop: int = 1  # 0 says it until the call ends


@dataclass(frozen=True, slots=True)
class Play:
    """https://www.twilio.com/docs/voice/twiml/play."""

    url: str
    digits: str = ""
    loop: int = 1


@dataclass(frozen=True, slots=True)
class Pause:
    """https://www.twilio.com/docs/voice/twiml/pause."""

    seconds: int = 1


@dataclass(frozen=True, slots=True)
class Redirect:
    """https://www.twilio.com/docs/voice/twiml/redirect."""

    url: str
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Reject:
    """https://www.twilio.com/docs/voice/twiml/reject."""

    reason: str = "rejected"


@dataclass(frozen=True, slots=True)
class Hangup:
    """https://www.twilio.com/docs/voice/twiml/hangup."""


@dataclass(frozen=True, slots=True)
class Gather:
    """https://www.twilio.com/docs/voice/twiml/gather."""

    nested: tuple[Say | Play | Pause, ...] = ()
    action: str | None = None  # None: the document's own URL
    method: str = "POST"
    takes_keys: bool = True
    takes_speech: bool = False
    num_digits: int | None = None
    finish_on_key: str = "#"
    timeout: float = 5.0
    speech_timeout: float | None = None  # None: a pause decides
    action_on_empty_result: bool = False


Verb = Connect | Gather | Say | Play | Pause | Redirect | Reject | Hangup


@dataclass(frozen=True, slots=True)
class Document:
    """What a TwiML document orders, and what the schema had against it."""

    verbs: tuple[Verb, ...]
    warnings: tuple[CallProblem, ...] = ()


def parse(text: str) -> Document:
    """Read a document; raise `CallProblem` where Twilio would not go on."""
    root = _root(text)
    reader = _Reader()
    verbs = tuple(verb for element in root if (verb := reader.verb(element)) is not None)
    return Document(verbs, tuple(reader.warnings))


def read_replies(text: str) -> list[str]:
    """Return the bodies of a messaging document's `<Message>` verbs; nothing for an empty answer.

    https://www.twilio.com/docs/messaging/twiml/message: text, or text in `<Body>`.
    """
    if not text.strip():
        return []
    replies = []
    for element in _root(text):
        if element.tag != "Message":
            message = f"the sandbox answers messages with <Message>, not <{element.tag}>"
            raise CallProblem(NOT_BUILT, message)
        replies.append("".join(element.itertext()).strip())
    return replies


def _root(text: str) -> ET.Element:
    if text != text.lstrip() and text.lstrip().startswith("<?xml"):
        raise CallProblem(12100, "there is space before the XML declaration")
    try:
        root = ET.fromstring(text)  # noqa: S314 - the product's own answer, on loopback
    except ET.ParseError as error:
        raise CallProblem(12100, str(error)) from error
    if root.tag != "Response":
        raise CallProblem(12100, f"the root element is <{root.tag}>, not <Response>")
    return root


class _Reader:
    """Reads elements and collects what the schema says against them."""

    def __init__(self) -> None:
        self.warnings: list[CallProblem] = []

    def verb(self, element: ET.Element) -> Verb | None:
        match element.tag:
            case "Connect":
                return self._connect(element)
            case "Gather":
                return self._gather(element)
            case "Say":
                self._allow(element, "voice", "language", "loop")
                text = " ".join("".join(element.itertext()).split())
                return Say(text, element.get("voice", ""), self._whole(element, "loop", 1))
            case "Play":
                self._allow(element, "loop", "digits")
                loop = self._whole(element, "loop", 1)
                return Play((element.text or "").strip(), element.get("digits", ""), loop)
            case "Pause":
                self._allow(element, "length")
                return Pause(self._whole(element, "length", 1))
            case "Redirect":
                self._allow(element, "method")
                return Redirect((element.text or "").strip(), self._method(element, "method"))
            case "Reject":
                self._allow(element, "reason")
                return Reject(element.get("reason", "rejected"))
            case "Hangup":
                self._allow(element)
                return Hangup()
            case verb if verb in OTHER_VERBS:
                raise CallProblem(NOT_BUILT, f"the sandbox has not built the verb <{verb}>")
            case unknown:
                self._warn(f"there is no verb <{unknown}>")
                return None

    def _gather(self, element: ET.Element) -> Gather:
        names = ("input", "action", "method", "numDigits", "finishOnKey", "timeout", "language")
        self._allow(element, *names, "speechTimeout", "actionOnEmptyResult", "hints")
        inputs = element.get("input", "dtmf").split()
        if not inputs or set(inputs) - {"dtmf", "speech"}:
            self._warn(f"<Gather> takes dtmf and speech, not {' '.join(inputs) or 'nothing'}")
        nested = []
        for child in element:
            if isinstance(verb := self.verb(child), Say | Play | Pause):
                nested.append(verb)
            else:
                self._warn(f"<Gather> nests Say, Play and Pause, not <{child.tag}>")
        timeout = self._whole(element, "timeout", 5)
        speech = element.get("speechTimeout", str(timeout))
        return Gather(
            nested=tuple(nested),
            action=element.get("action"),
            method=self._method(element, "method"),
            takes_keys="dtmf" in inputs,
            takes_speech="speech" in inputs,
            num_digits=self._whole(element, "numDigits", 0) or None,
            finish_on_key=element.get("finishOnKey", "#"),
            timeout=timeout,
            speech_timeout=None if speech == "auto" else self._seconds(element, speech),
            action_on_empty_result=element.get("actionOnEmptyResult", "").lower() == "true",
        )

    def _seconds(self, element: ET.Element, text: str) -> float:
        if text.isdecimal() and int(text) > 0:
            return int(text)
        self._warn(f"<{element.tag}> wants auto or a whole number as speechTimeout")
        return 5

    def _connect(self, element: ET.Element) -> Connect | None:
        self._allow(element, "action", "method")
        nouns = list(element)
        for noun in nouns:
            if noun.tag in OTHER_NOUNS:
                message = f"the sandbox has not built <Connect><{noun.tag}>"
                raise CallProblem(NOT_BUILT, message)
        streams = [noun for noun in nouns if noun.tag == "Stream"]
        if len(streams) != 1 or len(nouns) != 1:
            self._warn("<Connect> takes exactly one noun")
        if not streams:
            return None
        stream = self._stream(streams[0])
        return Connect(stream, element.get("action"), self._method(element, "method"))

    def _stream(self, element: ET.Element) -> Stream:
        names = ("url", "name", "track", "statusCallback", "statusCallbackMethod")
        self._allow(element, *names)
        # https://www.twilio.com/docs/api/errors/31941
        if (track := element.get("track", "inbound_track")) != "inbound_track":
            raise CallProblem(31941, f"<Connect><Stream> takes inbound_track only, not {track}")
        return Stream(
            url=stream_address(element.get("url", "")),
            name=element.get("name", ""),
            status_callback=element.get("statusCallback"),
            status_callback_method=self._method(element, "statusCallbackMethod"),
            parameters=dict(self._parameters(element)),
        )

    def _parameters(self, element: ET.Element) -> Iterator[tuple[str, str]]:
        for child in element:
            name, value = child.get("name"), child.get("value")
            if child.tag != "Parameter" or name is None or value is None:
                self._warn(f"<Stream> takes <Parameter name value>, not <{child.tag}>")
                continue
            self._allow(child, "name", "value")
            if len(name) + len(value) >= LONGEST_PARAMETER:
                self._warn(f"parameter {name} has {len(name) + len(value)} of 500 characters")
                continue
            yield name, value

    def _allow(self, element: ET.Element, *names: str) -> None:
        for name in set(element.keys()) - set(names):
            self._warn(f"<{element.tag}> has no attribute {name}")

    def _whole(self, element: ET.Element, name: str, default: int) -> int:
        with contextlib.suppress(ValueError):
            if (value := int(element.get(name, default))) >= 0:
                return value
        self._warn(f"<{element.tag}> wants a whole number as {name}")
        return default

    def _method(self, element: ET.Element, name: str) -> str:
        if (method := element.get(name, "POST").upper()) in ("GET", "POST"):
            return method
        self._warn(f"<{element.tag}> wants GET or POST as {name}")
        return "POST"

    def _warn(self, detail: str) -> None:
        self.warnings.append(CallProblem(12200, detail))


def stream_address(url: str) -> str:
    """Return the address to dial: `wss` only, and without a query, which Twilio never delivers.

    https://www.twilio.com/docs/voice/twiml/stream ("The url does not support query string
    parameters"), https://www.twilio.com/docs/api/errors/31922 and 31923. Unlike Twilio the
    sandbox also dials `ws://` on this machine: there is nobody on loopback to hide from.
    """
    if not url or any(character.isspace() for character in url):
        raise CallProblem(31923, f"{url!r} is no URL")
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise CallProblem(31923, f"{url!r} is no URL: {error}") from error
    if not (parts.scheme == "wss" or (parts.scheme == "ws" and _is_loopback(host))):
        raise CallProblem(31922, f"{url} must begin with wss://")
    if not host:
        raise CallProblem(31923, f"{url} names no host")
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return host is not None and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
