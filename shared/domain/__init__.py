"""Pure rules over values: no SQL, no I/O, no clock."""
