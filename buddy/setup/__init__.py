"""Set-up of a fresh clone; runs on the bare interpreter, so only the standard library."""
