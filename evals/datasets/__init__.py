"""Questions with known answers, and the documents that hold them, read from what others publish."""
