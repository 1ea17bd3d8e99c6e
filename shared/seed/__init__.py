"""What a new installation begins with: personas and constants, and the demo account."""
