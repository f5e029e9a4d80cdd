#!/bin/sh
# The whole life of the rock, in folders of its own: linted, made from a
# checkout, packed from the archive, installed from the source rock and from
# the binary one into trees that are empty, run there, removed.
set -eu
cd "$(dirname "$0")/../.."
LUA=${LUA:-lua5.4} MAKE=${MAKE:-make}
here=$PWD version=$(LUA=$LUA sh .ci/lua version)

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# What the rock depends on is there, if not as rocks: nothing is fetched.
echo 'rocks_provided = {argparse = "0.7.1-1", dkjson = "2.6-1"}' >"$tmp/config"
export LUAROCKS_CONFIG="$tmp/config"

# rock TREE COMMAND...
rock() {
  tree=$1
  shift
  echo "luarocks $*"
  luarocks --lua-version="$version" --tree "$tmp/$tree" "$@"
}

fails() {
  echo "failed: $*" >&2
  exit 1
}

# runs TREE: the module installed there, of which nothing else is seen, and the
# command, by its own paths
runs() {
  lua=$tmp/$1/share/lua/$version
  (cd / && LUA_PATH="$lua/?.lua;$lua/?/init.lua" \
    LUA_CPATH="$tmp/$1/lib/lua/$version/?.so" "$LUA" "$here/spec/smoke.lua")
  seq 27 >"$tmp/keys"
  (cd / && env -u LUA_PATH -u LUA_CPATH "$tmp/$1/bin/hmap" draw --seed 2 \
    "$tmp/keys") | grep '^hmap  27 entries, B=3, growing 4 -> 8 buckets'
  (cd "$here/lua" && find hmap -name '*.html') | while read -r page; do
    [ -r "$lua/$page" ] || fails "no $page"
  done
}

quick="CFLAGS=-O0 -fPIC"

for file in rockspec/*.rockspec; do
  rock none lint "$file"
done

"$MAKE" -s dist DIST="$tmp"
archive=$(echo "$tmp"/hmap-*.tar.gz)
released=$(cd rockspec && ls hmap-[0-9]*.rockspec)

echo "== made where it lies"
mkdir "$tmp/checkout"
tar -xzf "$archive" -C "$tmp/checkout" --strip-components=1
cd "$tmp/checkout"
git init -q .
git add -A
rock made make rockspec/hmap-scm-1.rockspec "$quick"
runs made
if git status --porcelain | grep "^?"; then
  fails "luarocks make leaves what git does not ignore"
fi

echo "== packed, and installed from the source rock"
mkdir "$tmp/shop"
"$MAKE" -s -C "$here" rockspec URL="file://$archive" \
  ROCKSPEC="$tmp/shop/$released"
cd "$tmp/shop"
rock none pack "$released"
rock from-source install ./*.src.rock "$quick"
runs from-source

echo "== packed as built, and installed from that"
rock from-source pack hmap
rm ./*.src.rock
rock from-binary install ./*.rock
runs from-binary

echo "== removed"
rock from-binary remove hmap
left=$(find "$tmp/from-binary" -path '*/share/lua/*' -type f -o \
  -path '*/lib/lua/*' -type f)
[ -z "$left" ] || fails "left behind: $left"
