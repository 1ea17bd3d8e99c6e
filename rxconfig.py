"""Reflex's configuration: where the site is reached, and what it must not do.

State stays in memory: Reflex's default pickles it to disk, transcripts and all. `db_url` stays
unset: with it Reflex would check our schema its own way.
"""

from __future__ import annotations

import reflex as rx
from reflex.constants import StateManagerMode
from reflex_base.plugins import SitemapPlugin
from reflex_components_radix.plugin import RadixThemesPlugin  # type: ignore[import-untyped]

from buddy_site.endpoints.addresses import BUILT_ADDRESS
from buddy_site.theme import FONT_PACKAGES, radix_theme
from shared.settings import Settings

settings = Settings()

config = rx.Config(
    app_name="buddy_site",
    frontend_port=settings.site_port,
    backend_port=settings.site_port,
    backend_host=settings.listen_host,
    api_url=BUILT_ADDRESS,
    deploy_url=BUILT_ADDRESS,
    cors_allowed_origins=[settings.site_public_url],
    trusted_proxy_hops=settings.trusted_proxy_hops,  # whose word for a client's address counts
    state_manager_mode=StateManagerMode.MEMORY,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    frontend_packages=list(FONT_PACKAGES),
    plugins=[RadixThemesPlugin(theme=radix_theme()), SitemapPlugin(trailing_slash="never")],
)
