"""OpenAI: chat completions, models and speech."""
