"""The vendors' clients of the site."""
