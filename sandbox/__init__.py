"""The outside world on loopback: servers that speak the vendors' wire protocols. Imports nothing of the product."""
