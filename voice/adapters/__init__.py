"""One vendor a module: a pure codec, then a thin socket."""
