"""Documents that failed for good, with their reasons, and their replay."""
