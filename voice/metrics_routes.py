"""The door at which the process's figures are collected."""

from __future__ import annotations

import hmac
import ipaddress

from prometheus_client.exposition import choose_encoder
from quart import Blueprint, Response, request

from voice.service import VoiceService


def metrics_door(service: VoiceService) -> Blueprint:
    """Return the route: https://prometheus.io/docs/instrumenting/exposition_formats/."""
    doors = Blueprint("metrics", __name__)

    @doors.get("/metrics")
    async def metrics() -> Response:
        token = service.settings.metrics_token
        if token is not None:
            given = request.headers.get("Authorization", "")
            wanted = f"Bearer {token.get_secret_value()}"
            if not hmac.compare_digest(given.encode(), wanted.encode()):
                return Response("", status=401, headers={"WWW-Authenticate": "Bearer"})
        elif service.settings.environment == "production" or not _is_here(request.remote_addr):
            # Behind a proxy everybody seems to be on this machine: without a token, nobody.
            return Response("not found", status=404)
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(service.metrics.registry), content_type=content_type)

    return doors


def _is_here(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False
