"""What anyone may read about the rules of the house: terms, privacy policy, crisis protocol."""
