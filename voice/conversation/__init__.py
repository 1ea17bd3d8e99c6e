"""The core: pure, synchronous, no clock. It decides who has the floor."""
