"""The voice service: one process, many calls."""
