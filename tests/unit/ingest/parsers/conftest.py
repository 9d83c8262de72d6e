"""Which tests there are on this machine."""

import os

collect_ignore = [] if os.environ.get("INSYDR_TEST_DATA") else ["test_corpora.py"]
