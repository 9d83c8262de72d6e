"""The loop that closes gaps: what was not answered is asked again when content that may answer it comes or goes."""
