"""A whole installation as one file: backup, restore, and the way from one shape to the other."""
