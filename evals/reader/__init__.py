"""Trains, exports and judges the reader of `retrieval/reader`: `python -m evals.train_reader`."""
