"""The web site, a Reflex app."""
