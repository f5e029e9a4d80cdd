#!/usr/bin/env bash
# Every test of the project, and one last line that sums them all:
#
#   suite: brings its own counts        C programs, busted
#   fact:  one sentence, true or false  compilers, linters, the installed rock
#
# Some at a time. A suite that dies, hangs or counts nothing is one failure. Run
# by `make test`, which sees to it that all tools are there.
#
#   run.sh          everything
#   run.sh lint     the linters alone
#   run.sh portable what spec/portable.sh has, on other machines and the like
#   ONLY=iter       only what has this in its line, of the released build
set -u
cd "$(dirname "$0")/.." || exit 1
CC=${CC:-cc} LUA=${LUA:-lua5.4} MAKE=${MAKE:-make} ONLY=${ONLY:-}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
counted=$tmp/counted # a line "PASSED FAILED" of each job
: >"$counted"
here=$PWD preload=
version=$(LUA=$LUA sh .ci/lua version)

release="-O2 -DNDEBUG"
sanitize="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
-fno-sanitize-recover=all"

# -- jobs ---------------------------------------------------------------------

# One more than there are processors: some wait for a screen or for a browser.
workers=$(($(nproc 2>/dev/null || echo 2) + 1))
started=0

# pool COMMAND...: in the background, as soon as there is room, in a folder of
# its own
pool() {
  while [ "$(jobs -rp | wc -l)" -ge "$workers" ]; do wait -n; done
  started=$((started + 1))
  (tmp=$tmp/$started && mkdir "$tmp" && "$@") &
}

report() { # mark title: one line, and the log of what went wrong
  text=$(printf '%-5s %s' "$1" "$2"
    [ "$1" = ok ] || { echo && sed 's/^/      | /' "$tmp/log"; })
  printf '%s\n' "$text"
}

wanted() { [ -z "$ONLY" ] || [[ $1 == *"$ONLY"* ]]; }

# fact SENTENCE COMMAND...
fact() {
  sentence=$1
  wanted "$sentence" || return 0
  shift
  if "$@" >"$tmp/log" 2>&1 </dev/null; then
    echo "1 0" >>"$counted"
    report ok "$sentence"
  else
    echo "0 1" >>"$counted"
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

# suite TITLE COMMAND...; its status 77: it may not be run here
suite() {
  title=$1
  wanted "$title" || return 0
  shift
  timeout "${PATIENCE:-240}" "$@" >"$tmp/log" 2>&1 </dev/null
  status=$?
  if [ $status -eq 77 ]; then
    echo "skip  $title: $(tail -n 1 "$tmp/log")"
    return
  fi
  # shellcheck disable=SC2046 # two words
  set -- $(counts)
  good=${1:-0} bad=${2:-0}
  [ "$bad" -gt 0 ] || { [ $# -gt 0 ] && [ $status -eq 0 ]; } || bad=1
  echo "$good $bad" >>"$counted"
  [ "$bad" -eq 0 ] && mark=ok || mark=FAIL
  report "$mark" "$title: $good passed, $bad failed"
}

# -- builds and what runs in them ---------------------------------------------

build() { # dir compiler cflags: the library, the module, all C programs
  "$MAKE" -s -j2 BUILD="$1" CC="$2" CFLAGS="$3" all programs lua-programs
}

# c_suites DIR HOW [RUNNER [PROGRAM...]]: C programs of the build in DIR, all
# or these, each as it is or as an argument of RUNNER
c_suites() {
  dir=$1 how=$2 with=${3:-}
  shift $(($# < 3 ? $# : 3))
  [ $# -gt 0 ] || set -- spec/c/*.c
  for name; do
    name=$(basename "$name" .c)
    case $name in
      # shellcheck disable=SC2086 # a runner and its arguments, or none
      example*) pool fact "$name.c runs, $how" $with "$dir/spec/$name" ;;
      *) pool suite "$name.c, $how" $with "$dir/spec/$name" ;;
    esac
  done
}

# What looks at the house or at what is in Lua, and not at what a compiler made
# of C, runs once.
once=" bench command comments doc door examples explore film house json "
once="$once keystats loadtable meta metrics picture plan readme recipes report "
once="$once help oracle releases watch_command "

# What takes long and is the same for every compiler runs as released, and
# sanitized.
twice=" alloc_sweep flood limits text "

# is_due DIR NAME: whether this suite runs in the build in DIR
is_due() {
  case $1 in
    build) ;;
    build/clang) [[ $once$twice != *" $2 "* ]] ;;
    *) [[ $once != *" $2 "* ]] ;;
  esac
}

# lua_c_suites DIR HOW [PROGRAM...]: C programs that embed Lua and the module
lua_c_suites() {
  dir=$1 how=$2
  shift 2
  [ $# -gt 0 ] || set -- spec/lua_c/*.c
  for source; do
    is_due "$dir" "$(basename "$source" .c)" || continue
    pool suite "$(basename "$source"), $how" \
      "$dir/spec/lua/$(basename "$source" .c)"
  done
}

# suites DIR HOW: all that runs
suites() {
  eval "$("$MAKE" -s BUILD="$1" env)"
  lua_c_suites "$1" "$2"
  for source in spec/*_spec.lua; do # each alone: they count maps and the heap
    is_due "$1" "$(basename "$source" _spec.lua)" || continue
    pool suite "$(basename "$source"), $2" env LD_PRELOAD="$preload" \
      busted --lua="$LUA" --cpath="$1/?.so" -o plainTerminal "$source"
  done
  c_suites "$1" "$2"
}

# -- facts --------------------------------------------------------------------

formatted() {
  find csrc spec/c spec/lua_c spec/fuzz spec/budget -name '*.[ch]' -exec \
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
  wanted "$sentence" || return 0
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

linters() {
  # clang-format changes its mind with its version; 14 is the one we hold to.
  if clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
    pool fact "C is formatted as .clang-format says" formatted
  else
    echo "skip  C is formatted as .clang-format says: needs clang-format 14"
  fi
  if command -v luacheck >/dev/null; then
    pool fact "Lua is clean under luacheck" luacheck --no-color -q \
      lua spec rockspec .luacheckrc .busted
  else
    echo "skip  Lua is clean under luacheck: not installed"
  fi
}

# shellcheck source=spec/portable.sh
. spec/portable.sh

# -- what is run --------------------------------------------------------------

other_lua() { # releases besides the one that LUA names
  other=${OTHER_LUA:-lua5.5}
  if ! command -v "$other" >/dev/null; then
    echo "skip  builds and runs with $other: not installed"
    return
  fi
  fact "builds with $other" env HMAP_READY=yes LUA="$other" \
    "$MAKE" -s -j2 BUILD=build/other CC="$CC" CFLAGS="$release -Werror" \
    LUA="$other" all lua-programs && {
    lua_c_suites build/other "with $other"
    eval "$("$MAKE" -s BUILD=build/other env)"
    pool fact "runs with $other" "$other" spec/smoke.lua
  }
}

sanitized() {
  preload=$(gcc -print-file-name=libasan.so)
  suites build/asan "sanitized"
  preload=
}

threads() {
  fact "builds with the thread sanitizer" \
    "$MAKE" -s -j2 BUILD=build/tsan CC=gcc CFLAGS="-O1 -g -fsanitize=thread" \
    build/tsan/spec/lua/threads &&
    lua_c_suites build/tsan "under ThreadSanitizer" spec/lua_c/threads.c
}

without_simd() { # compiler
  fact "builds with $1 without SIMD" build "build/plain-$1" "$1" \
    "-O2 -DHMAP_NO_SIMD -U__SIZEOF_INT128__" &&
    c_suites "build/plain-$1" "by $1, without SIMD"
}

house() {
  pool fact "compiles with gcc without a warning" \
    build "$tmp/by-gcc" gcc "-O2 -pedantic -Werror"
  pool fact "hmap.h needs no other header" header_alone hmap.h
  pool fact "hmap_inspect.h needs no other header" header_alone hmap_inspect.h
  linters
  pool fact "is made, packed, installed and removed as a rock" \
    env LUA="$LUA" MAKE="$MAKE" sh spec/door/rock.sh
  pool suite "the map of Go's own runtime, followed live" env MAKE="$MAKE" \
    "$LUA" spec/oracle.lua build 20
  PATIENCE=480 pool suite "bytes of a fuzzer's choosing" env MAKE="$MAKE" \
    "$LUA" spec/fuzz.lua build 25
  pool suite "page.js, in a browser" env LUA="$LUA" MAKE="$MAKE" \
    sh spec/page/run.sh build
  pool fact "installs by make, and a C program links with it" installed
  pool fact "make explore explores" explores
  pool suite "soak.lua, the first minute" "$LUA" spec/soak.lua 1500000 1200 work
}

everything() {
  fact "builds with address and undefined behaviour sanitizers" \
    build build/asan gcc "$sanitize" && sanitized
  fact "compiles with clang without a warning" \
    build build/clang clang "-O2 -pedantic -Werror" &&
    suites build/clang "by clang, with assertions"
  [ ! -r spec/lua_c/threads.c ] || threads
  without_simd gcc # by clang too: make portable
  portable_short
  other_lua
}

if [ "${1:-}" = lint ]; then
  linters
elif [ "${1:-}" = portable ]; then
  portable
elif build build "$CC" "$release" >"$tmp/log" 2>&1; then
  suites build "as released"
  pool budgets
  house
  [ -n "$ONLY" ] || everything
else
  echo "0 1" >>"$counted"
  report FAIL "builds"
fi
wait

awk '{ good += $1; bad += $2 }
  END {
    printf "\n%d passed, %d failed\n", good, bad
    exit bad > 0 || good == 0
  }' "$counted"
