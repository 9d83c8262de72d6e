"""Faults on a running installation, and what they cost: nothing.

    python -m evals.faults [--shape embedded|scaled|both] [--kills 300] [--seconds 30] [--only FAULT]

The scaled shape needs PostgreSQL (TEST_POSTGRES_URL) and Redis (TEST_REDIS_URL), as the tests do; a full disk needs
the right to mount a small file system. What is missing is said, not passed over.
"""

import argparse
import json
import os
import sys

from evals.faults.rehearse import rehearse


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=["embedded", "scaled", "both"], default="both")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=30.0, help="Length of an outage.")
    parser.add_argument("--only", help="One fault by its name (kills, duplicates, broker, …).")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    shapes = ["embedded", "scaled"] if options.shape == "both" else [options.shape]
    found = {name: rehearse(name, options.kills, options.seconds, options.only, options.seed) for name in shapes}
    print(json.dumps({name: [result.as_json() for result in results] for name, results in found.items()}, indent=2))
    broken = any(result.verdict.violations for results in found.values() for result in results)
    return 1 if broken else 0


if __name__ == "__main__":
    os.environ.pop("INSYDR_CONFIG", None)
    sys.exit(main())
