"""A workspace's own calibration of its confidence, from labelled answers."""
