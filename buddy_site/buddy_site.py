"""The web site: wiring only. Importing it touches no database and no network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import reflex as rx
from starlette.applications import Starlette
from starlette.types import ASGIApp

from buddy_site import build, paths, runtime
from buddy_site.components.code_entry import CODE_ENTRY_SCRIPT
from buddy_site.components.keep_typed import KEEP_TYPED_SCRIPT
from buddy_site.documents.crisis import CRISIS
from buddy_site.documents.privacy import PRIVACY_POLICY
from buddy_site.documents.terms import TERMS
from buddy_site.endpoints import addresses, health, stripe_webhook
from buddy_site.endpoints.account_export import ExportEndpoint
from buddy_site.endpoints.google_callback import SignInEndpoints
from buddy_site.endpoints.protection import OneHost, SecurityHeaders
from buddy_site.endpoints.tabs import PageLoads, TabTokens
from buddy_site.pages import (
    billing,
    broken,
    call,
    calls,
    home,
    landing,
    legal,
    not_found,
    operator,
    operator_call,
    phone,
    profile,
    sign_in,
    talk_time,
    your_data,
)
from buddy_site.pages import sessions as sessions_page
from buddy_site.state.account import AccountState, SignInState
from buddy_site.state.billing import BillingState
from buddy_site.state.browsers import BrowsersState
from buddy_site.state.calls import CallsState, HomeState
from buddy_site.state.landing import LandingState
from buddy_site.state.live_call import CallState
from buddy_site.state.notices import NoticesState
from buddy_site.state.onboarding import OnboardingState
from buddy_site.state.operations import OperationsState
from buddy_site.state.oversight import OversightState
from buddy_site.state.phone import PhoneState
from buddy_site.state.profile import ProfileState
from buddy_site.state.talk_time import TalkTimeState
from buddy_site.state.your_data import YourDataState
from buddy_site.theme import STYLESHEETS
from shared.settings import Settings

EMBLEM = "/favicon.svg"

# The reader's time zone reaches the server with the websocket's headers: no wrong time is ever
# shown first and put right afterwards.
ZONE_SCRIPT = """
try {
  document.cookie = "zone=" + encodeURIComponent(
    Intl.DateTimeFormat().resolvedOptions().timeZone) + "; path=/; max-age=31536000; samesite=lax";
} catch (error) {}
"""

settings = Settings()


def http() -> Starlette:
    """Return the plain HTTP side; Reflex is mounted into it."""
    return Starlette(
        routes=[
            *health.routes(),
            *SignInEndpoints(settings).routes(),
            *ExportEndpoint(settings).routes(),
            *stripe_webhook.routes(),
            *addresses.routes(settings, build.CLIENT),
        ],
    )


def protected(inner: ASGIApp) -> ASGIApp:
    """Return the app behind everything that guards it."""
    tabs = PageLoads(TabTokens(inner, settings), settings)
    return SecurityHeaders(OneHost(tabs, settings), settings)


@asynccontextmanager
async def serving() -> AsyncIterator[None]:
    """Run what the process needs for as long as it serves."""
    async with runtime.running(settings):
        yield


app = rx.App(
    stylesheets=list(STYLESHEETS),
    html_lang="en",
    head_components=[
        rx.el.script(ZONE_SCRIPT),
        rx.el.script(KEEP_TYPED_SCRIPT),
        rx.el.script(CODE_ENTRY_SCRIPT),
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
        rx.el.meta(name="theme-color", content="#ffc72e"),
    ],
    # In place of Reflex's own error page and connection toast, which name it and its addresses.
    app_wraps={(55, "ErrorBoundary"): broken.error_boundary},
    api_transformer=[http(), protected],
    backend_exception_handler=broken.on_handler_error,
    frontend_exception_handler=broken.on_page_error,
)
app.register_lifespan_task(serving)


def add_private_page(
    page: Callable[[], rx.Component], route: str, title: str, *on_load: Any
) -> None:
    """Add a page that somebody has to be signed in for; it goes when their session does."""
    app.add_page(
        page,
        route=route,
        title=f"{title} · GoToBuddy",
        image=EMBLEM,
        on_load=[AccountState.enter, *on_load, AccountState.stay],
        context={"sitemap": None},
    )


app.add_page(
    lambda: landing.landing(settings.phone_number),
    route=paths.LANDING,
    title="GoToBuddy: six AI buddies, one phone call away",
    description="Call, press a key, talk. Six AI buddies on any phone; five minutes free.",
    image=EMBLEM,
    on_load=[AccountState.enter, LandingState.load],
)
app.add_page(
    sign_in.sign_in,
    route=paths.SIGN_IN,
    title="Sign in · GoToBuddy",
    image=EMBLEM,
    on_load=[AccountState.enter, SignInState.enter],
    context={"sitemap": None},
)
add_private_page(
    lambda: home.home(settings.phone_number),
    paths.HOME,
    "Home",
    OnboardingState.load,
    HomeState.load,
    NoticesState.load,
    HomeState.follow,
    OnboardingState.follow,
)
add_private_page(
    lambda: calls.calls(settings.phone_number),
    paths.CALLS,
    "Your calls",
    CallsState.load,
    CallsState.follow,
)
add_private_page(call.call, paths.CALL, "A call", CallState.load, CallState.follow)
add_private_page(
    phone.phone,
    paths.PHONE,
    "Your numbers",
    OnboardingState.load,
    PhoneState.load,
    NoticesState.load,
)
add_private_page(
    billing.billing,
    paths.BILLING,
    "Billing",
    BillingState.load,
    BillingState.follow,
    BillingState.confirm,
)
add_private_page(
    talk_time.talk_time, paths.TALK_TIME, "Talk time", TalkTimeState.load, TalkTimeState.follow
)
add_private_page(profile.profile, paths.PROFILE, "Profile", ProfileState.load)
add_private_page(
    sessions_page.sessions, paths.SESSIONS, "Where you're signed in", BrowsersState.load
)
add_private_page(your_data.your_data, paths.PRIVACY, "Your data", YourDataState.load)
app.add_page(
    your_data.deleted,
    route=paths.DELETED,
    title="Account deleted · GoToBuddy",
    image=EMBLEM,
    on_load=[AccountState.enter],
    context={"sitemap": None},
)
add_private_page(
    operator.operator,
    paths.OPERATOR,
    "Operator",
    OperationsState.load,
    OperationsState.follow,
)
add_private_page(
    operator_call.operator_call, paths.OPERATOR_CALL, "A caller's call", OversightState.load
)
for text, path, about in (
    (TERMS, paths.TERMS, "What we promise, what we ask, and how either side may stop."),
    (PRIVACY_POLICY, paths.PRIVACY_POLICY, "What we keep, for how long, and what you can do."),
    (CRISIS, paths.CRISIS, "988, 911, and what a buddy does when somebody speaks of suicide."),
):
    app.add_page(
        legal.legal(text, settings.contact_email, path),
        route=path,
        title=f"{text.title} · GoToBuddy",
        description=about,
        image=EMBLEM,
        on_load=[AccountState.enter],
    )
app.add_page(
    not_found.not_found,
    route="404",
    title="Wrong number · GoToBuddy",
    image=EMBLEM,
    on_load=[AccountState.enter],
)
