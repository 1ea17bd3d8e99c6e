"""Local recogniser, model and voices, each in a niced process of its own."""
