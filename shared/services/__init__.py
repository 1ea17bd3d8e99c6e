"""Use cases: one function, one transaction; no vendor call inside."""
