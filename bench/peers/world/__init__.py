"""The outside world of every peer: callers on Media Streams, and vendors with fixed delays."""
