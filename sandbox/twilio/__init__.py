"""Twilio: calls, TwiML, Media Streams, REST, signatures."""
