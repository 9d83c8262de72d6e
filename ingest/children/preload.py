"""Imported once by the fork server, so that a new child starts in milliseconds and shares what is large."""

import csv  # noqa: F401
import json  # noqa: F401

import lxml.html  # noqa: F401
import numpy  # noqa: F401  ICU: pypdfium2 and tokenizers load it anyway
import tokenizers  # noqa: F401

import ingest.children.reading  # noqa: F401
from ingest.language import detect_language

detect_language("Its model is 70 MiB, which the children share when it is here before them.")
