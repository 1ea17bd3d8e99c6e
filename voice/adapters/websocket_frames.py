"""Messages out of a websocket's frames, as picows hands them over."""

from __future__ import annotations

from typing import Final

from picows import WSCloseCode, WSFrame, WSMsgType, WSProtocolError

_CONTENT: Final = frozenset({WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION})


class Assembly:
    """Puts together what comes in fragments."""

    def __init__(self, most_bytes: int) -> None:
        """Refuse messages that are longer; for single frames, picows does so itself."""
        self.is_text = False  # the message that was taken last
        self._most_bytes = most_bytes
        self._parts: list[bytes] = []

    def take(self, frame: WSFrame) -> bytes | memoryview | None:
        """Return the message that ends with this frame, or None; raise `WSProtocolError`.

        A message of one frame is a view of picows' buffer, good until the callback returns.
        """
        kind = frame.msg_type
        if kind not in _CONTENT:
            return None
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            raise WSProtocolError(WSCloseCode.PROTOCOL_ERROR, "no extension was agreed on")
        if bool(self._parts) != (kind == WSMsgType.CONTINUATION):
            raise WSProtocolError(WSCloseCode.PROTOCOL_ERROR, "a fragment is out of place")
        if not self._parts:
            self.is_text = kind == WSMsgType.TEXT
            if frame.fin:
                return frame.get_payload_as_memoryview()
        self._parts.append(frame.get_payload_as_bytes())
        if sum(map(len, self._parts)) > self._most_bytes:
            raise WSProtocolError(WSCloseCode.MESSAGE_TOO_BIG, "the message is too long")
        if not frame.fin:
            return None
        message, self._parts = b"".join(self._parts), []
        return message
