"""Deepgram: live transcription."""
