#!/usr/bin/env bash
# What a change has to pass: format, build, tests, no forgotten migration. Generated files are checked by the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
dotnet format Tandem.slnx --verify-no-changes --exclude src/Tandem.Server/Storage/Migrations
./test
dotnet tool restore >/dev/null
for database in Sqlite Postgres; do
  dotnet ef migrations has-pending-model-changes --project src/Tandem.Server --context "${database}Db" --no-build
done
