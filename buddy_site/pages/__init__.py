"""One page a module; view only."""
