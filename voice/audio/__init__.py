"""G.711 μ-law and the way from 24 kHz to 8 kHz."""
