"""Stripe's objects, one a module: their shape, and what the API does with them."""
