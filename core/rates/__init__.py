"""How many requests a caller may make in a moving window of time."""
