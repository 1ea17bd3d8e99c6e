"""Virtual time, as replays have it: for in-memory fakes only."""

from voice.replay.virtual_time import VirtualTimeLoop, run_in_virtual_time

__all__ = ["VirtualTimeLoop", "run_in_virtual_time"]
