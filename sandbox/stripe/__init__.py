"""Stripe: subscriptions, their money and their webhooks, with a clock that can be moved."""
