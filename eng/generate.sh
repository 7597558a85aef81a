#!/usr/bin/env bash
# Writes the files that are made from the code and committed: openapi.json, docs/contract-coverage.md.
set -euo pipefail
cd "$(dirname "$0")/.."
TANDEM_WRITE_GENERATED=1 ./test -class '*OpenApiTests' -class '*ContractCoverageTests'
