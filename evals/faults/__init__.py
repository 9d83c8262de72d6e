"""The fault bench: an installation under load is killed, starved and cut off, and must lose nothing."""
