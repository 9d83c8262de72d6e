"""Questions that mean the same, and the work list of those that were not answered."""
