"""View functions that pages share."""
