"""Looks at what the tests don't: what is installed, what is in the repository, what is kept."""
