"""Work after a call, fed by the outbox."""
