"""One sub-command of `python -m buddy` a module."""
