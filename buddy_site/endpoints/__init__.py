"""Plain HTTP beside Reflex."""
