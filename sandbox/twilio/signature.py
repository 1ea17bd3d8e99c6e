"""Signs what Twilio sends, so that its receiver can tell it from anyone else's.

https://www.twilio.com/docs/usage/security: the full URL as Twilio asked for it, then every POST
field in order of its name, name and value without anything between, HMAC-SHA1 under the account's
Auth Token, base64. Blank fields count. A websocket handshake is signed like a request without
fields (https://www.twilio.com/docs/voice/media-streams, "Media Streams Configuration").
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

HEADER = "X-Twilio-Signature"


def sign(auth_token: str, url: str, fields: Mapping[str, str] | None = None) -> str:
    """Return the value of the `X-Twilio-Signature` header."""
    given = fields or {}
    signed = url + "".join(name + given[name] for name in sorted(given))
    digest = hmac.new(auth_token.encode(), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
