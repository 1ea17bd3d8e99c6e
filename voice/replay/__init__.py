"""Calls on tape: what came from outside, recorded at the ports, and run again on virtual time."""
