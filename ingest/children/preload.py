"""Imported once by the fork server, so that a new child starts in milliseconds: light modules only."""

import csv  # noqa: F401
import json  # noqa: F401

import lxml.html  # noqa: F401
import numpy  # noqa: F401  ICU: pypdfium2 and tokenizers load it anyway
import tokenizers  # noqa: F401

import ingest.children.reading  # noqa: F401
