#!/bin/sh
# The explorer's page in a browser. Ends "N passed, N failed"; where a browser or
# node's packages cannot be had it says why, and exits with 77.
#
#   run.sh [BUILD]         the tests; pictures and pages are left in BUILD/page
#   run.sh BUILD --still   makes the picture of the README anew
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${1:-build} LUA=${LUA:-lua5.4}
dir=$build/page

skip() {
  echo "$1"
  exit 77
}

chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser ||
  command -v google-chrome)} || skip "no chromium here"
command -v npm >/dev/null || skip "no npm here"
"$LUA" -e 'require "dkjson"' 2>/dev/null || skip "no dkjson here"

mkdir -p "$dir" || exit 1
cmp -s spec/page/package-lock.json "$dir/package-lock.json" && # as last time
  [ -d "$dir/node_modules/puppeteer-core" ] || {
  cp spec/page/package.json spec/page/package-lock.json "$dir" &&
    (cd "$dir" && npm ci --no-audit --no-fund >npm.log 2>&1) || {
    rm -f "$dir/package-lock.json"
    skip "npm could not install puppeteer-core"
  }
}

eval "$(${MAKE:-make} -s BUILD="$build" env)" || exit 1
"$LUA" spec/page/pages.lua "$dir" ${2:+small} || exit 1
export CHROMIUM="$chromium" NODE_PATH="$dir/node_modules"
if [ "${2:-}" = --still ]; then
  exec node spec/page/still.js "$dir/small.html" spec/page/explorer.png
fi
node spec/page/page.js "$dir"
