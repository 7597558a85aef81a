#!/usr/bin/env bash
# Writes the migration NAME for both databases: eng/add-migration.sh AddSomething
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:?usage: eng/add-migration.sh NAME}
dotnet tool restore >/dev/null
for database in Sqlite Postgres; do
  dotnet ef migrations add "$name" --project src/Tandem.Server --context "${database}Db" \
    --output-dir "Storage/Migrations/$database"
  # A new database is made by this script: the same statements, without waking the entity framework.
  dotnet ef migrations script --project src/Tandem.Server --context "${database}Db" \
    --output "src/Tandem.Server/Storage/Migrations/$database.sql"
  sed -i '1s/^\xEF\xBB\xBF//' "src/Tandem.Server/Storage/Migrations/$database.sql"
done
