#!/bin/sh
# Every test of the project, and one last line that sums them all:
#
#   suite: brings its own counts        C programs, busted
#   fact:  one sentence, true or false  compilers, linters, the installed rock
#
# A suite that dies, hangs or counts nothing is one failure. Run by `make
# test`, which sees to it that all tools are there.
set -u
cd "$(dirname "$0")/.." || exit 1
CC=${CC:-cc} LUA=${LUA:-lua5.4} MAKE=${MAKE:-make}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0
version=$(LUA=$LUA sh .ci/lua version)

release="-O2 -DNDEBUG"
sanitize="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
-fno-sanitize-recover=all"

report() { # mark title: one line, and the log of what went wrong
  printf '%-5s %s\n' "$1" "$2"
  [ "$1" = ok ] || sed 's/^/      | /' "$tmp/log"
}

# fact SENTENCE COMMAND...
fact() {
  sentence=$1
  shift
  if "$@" >"$tmp/log" 2>&1 </dev/null; then
    passed=$((passed + 1))
    report ok "$sentence"
  else
    failed=$((failed + 1))
    report FAIL "$sentence"
    return 1
  fi
}

# What a suite printed, as "PASSED FAILED". A pending spec is one that does
# not run: it counts as failed.
counts() {
  sed -n -E -e 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' \
    -e '/^[0-9]+ success/s/[^0-9]+/ /gp' "$tmp/log" |
    tail -n 1 | awk '{ print $1, $2 + $3 + $4 }'
}

# suite TITLE COMMAND...
suite() {
  title=$1
  shift
  timeout 150 "$@" >"$tmp/log" 2>&1 </dev/null
  status=$?
  # shellcheck disable=SC2046 # two words
  set -- $(counts)
  good=${1:-0} bad=${2:-0}
  [ "$bad" -gt 0 ] || { [ $# -gt 0 ] && [ $status -eq 0 ]; } || bad=1
  passed=$((passed + good)) failed=$((failed + bad))
  [ "$bad" -eq 0 ] && mark=ok || mark=FAIL
  report "$mark" "$title: $good passed, $bad failed"
}

build() { # dir compiler cflags: the library, the module, all C programs
  "$MAKE" -s -j2 BUILD="$1" CC="$2" CFLAGS="$3" all programs lua-programs
}

# c_suites DIR HOW: all C programs of the build in DIR
c_suites() {
  for source in spec/c/*.c; do
    name=$(basename "$source" .c)
    case $name in
      example*) fact "$name.c runs, $2" "$1/spec/$name" ;;
      *) suite "$name.c, $2" "$1/spec/$name" ;;
    esac
  done
}

# lua_c_suites DIR HOW [PROGRAM...]: C programs that embed Lua and the module
lua_c_suites() {
  dir=$1 how=$2
  shift 2
  [ $# -gt 0 ] || set -- spec/lua_c/*.c
  for source; do
    suite "$(basename "$source"), $how" \
      "$dir/spec/lua/$(basename "$source" .c)"
  done
}

# suites DIR HOW: all that runs
suites() {
  c_suites "$1" "$2"
  eval "$("$MAKE" -s BUILD="$1" env)"
  lua_c_suites "$1" "$2"
  for source in spec/*_spec.lua; do # each alone: they count maps and the heap
    suite "$(basename "$source"), $2" env LD_PRELOAD="$preload" \
      busted --lua="$LUA" --cpath="$1/?.so" -o plainTerminal "$source"
  done
}

formatted() {
  find csrc spec/c spec/lua_c spec/budget -name '*.[ch]' -exec \
    clang-format --dry-run --Werror {} +
}

header_alone() { # a C user needs nothing but the header
  printf '#include "%s"\n' "$1" |
    "$CC" -std=c11 -Wall -Wextra -Werror -Icsrc -x c -fsyntax-only -
}

smoke() { # prefix: the module installed there runs, and nothing else is seen
  lua=$1/share/lua/$version
  (cd / && LUA_PATH="$lua/?.lua;$lua/?/init.lua" \
    LUA_CPATH="$1/lib/lua/$version/?.so" "$LUA" "$here/spec/smoke.lua")
}

rock() { # from a copy: the builtin back end leaves its objects in the tree
  mkdir -p "$tmp/tree" "$tmp/source" &&
    cp -r csrc lua rockspec README.md LICENSE CHANGELOG.md "$tmp/source" &&
    (cd "$tmp/source" && luarocks --lua-version="$version" make \
      --tree "$tmp/tree" rockspec/hmap-scm-1.rockspec) &&
    smoke "$tmp/tree"
}

installed() { # the same by make, and a C program against what it installed
  usr="$tmp/a root/usr"
  "$MAKE" -s install DESTDIR="$tmp/a root" PREFIX=/usr &&
    smoke "$usr" &&
    "$CC" -std=c11 -I"$usr/include" -o "$tmp/example" \
      spec/c/example.c -L"$usr/lib" -lhmap &&
    "$tmp/example"
}

explores() { # the main job, on keys of its own
  seq 1 5000 >"$tmp/keys" && "$MAKE" -s explore KEYS="$tmp/keys"
}

budgets() { # what may not be run: status 77 of the check
  sentence="no hot path takes more instructions than its budget"
  CC=$CC CFLAGS=$release MAKE=$MAKE timeout 150 \
    "$LUA" spec/budget/check.lua build >"$tmp/budgets" 2>&1
  status=$?
  if [ $status -eq 77 ]; then
    echo "skip  $sentence: $(cat "$tmp/budgets")"
  elif fact "$sentence" sh -c 'cat "$1" && exit "$2"' - \
    "$tmp/budgets" $status; then
    sed 's/^/      | /' "$tmp/log"
  fi
}

here=$PWD
preload=

echo "== one build, all suites"
fact "builds" build build "$CC" "$release" && {
  suites build "as released"
  budgets
}

echo "== the same under the sanitizers"
fact "builds with address and undefined behaviour sanitizers" \
  build build/asan gcc "$sanitize" && {
  preload=$(gcc -print-file-name=libasan.so)
  suites build/asan "sanitized"
  preload=
}

threads=spec/lua_c/threads.c
if [ -r "$threads" ]; then
  echo "== states in threads"
  fact "builds with the thread sanitizer" \
    "$MAKE" -s -j2 BUILD=build/tsan CC=gcc CFLAGS="-O1 -g -fsanitize=thread" \
    build/tsan/spec/lua/threads &&
    lua_c_suites build/tsan "under ThreadSanitizer" "$threads"
fi

echo "== the other compiler, with assertions"
fact "builds with clang" build build/clang clang "-O2" &&
  suites build/clang "by clang"

echo "== the other Lua"
other=${OTHER_LUA:-lua5.5}
if command -v "$other" >/dev/null; then
  fact "builds with $other" env HMAP_READY=yes LUA="$other" \
    "$MAKE" -s -j2 BUILD=build/other CC="$CC" CFLAGS="$release -Werror" \
    LUA="$other" all lua-programs && {
    lua_c_suites build/other "with $other"
    eval "$("$MAKE" -s BUILD=build/other env)"
    fact "runs with $other" "$other" spec/smoke.lua
  }
else
  echo "skip  builds and runs with $other: not installed"
fi

echo "== a machine without SIMD"
for compiler in gcc clang; do
  fact "builds with $compiler without SIMD" \
    build "build/plain-$compiler" "$compiler" \
    "-O2 -DHMAP_NO_SIMD -U__SIZEOF_INT128__" &&
    c_suites "build/plain-$compiler" "by $compiler, without SIMD"
done

echo "== the house"
for compiler in gcc clang; do
  fact "compiles with $compiler without a warning" \
    build "$tmp/$compiler" "$compiler" "-O2 -Werror"
done
fact "hmap.h needs no other header" header_alone hmap.h
fact "hmap_inspect.h needs no other header" header_alone hmap_inspect.h
# clang-format changes its mind with its version; 14 is the one we hold to.
if clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
  fact "C is formatted as .clang-format says" formatted
else
  echo "skip  C is formatted as .clang-format says: needs clang-format 14"
fi
if command -v luacheck >/dev/null; then
  fact "Lua is clean under luacheck" luacheck --no-color -q .
else
  echo "skip  Lua is clean under luacheck: not installed"
fi
fact "installs as a rock, which then runs without the tree" rock
fact "installs by make, and a C program links with it" installed
fact "make explore explores" explores

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
