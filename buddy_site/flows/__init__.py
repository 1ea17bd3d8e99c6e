"""What a button sets in motion: transaction, vendor, transaction."""
