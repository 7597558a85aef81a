#!/usr/bin/env bash
# Takes the pictures of docs/tour.md anew, from real pages in a real browser: eng/tour.sh, after a change that they show.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v pngquant >/dev/null; then
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq
  $sudo apt-get install -y -qq pngquant >/dev/null
fi
dotnet build tests/Tandem.Web.Tests --nologo -v quiet -clp:NoSummary
TANDEM_TOUR=docs/tour dotnet artifacts/bin/Tandem.Web.Tests/debug/Tandem.Web.Tests.dll -noLogo -class '*TourTests'
# A third of the bytes, to the eye the same: they travel with every clone.
pngquant --force --skip-if-larger --ext .png docs/tour/*.png || [ $? = 98 ]
