"""One `rx.State` a topic."""
