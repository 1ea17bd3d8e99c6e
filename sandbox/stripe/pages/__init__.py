"""The pages that Stripe hosts. They need no script and no mouse; every control has its `data-testid`."""
