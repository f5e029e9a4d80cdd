# Other compilers, flags, machines and C libraries, and programs that read code.
# Functions for spec/run.sh: `portable` is all of them, `portable_short` the
# part that every test has time for. What is not there is skipped, and said.

# of MACHINE: how C is compiled for it, how it is run, and what to install
of() {
  compiler=$CC flags=-O1 linked='' runner='' packages="a C compiler"
  case $1 in
    32-bit) # other sizes of pointers, other alignments, other floats
      # The kernel's headers, which gcc-multilib would link into /usr/include.
      compiler="gcc -m32 -idirafter /usr/include/x86_64-linux-gnu"
      packages="libc6-dev-i386 lib32gcc-12-dev"
      ;;
    s390x) # the high byte first
      compiler=s390x-linux-gnu-gcc linked=-static runner=qemu-s390x
      packages="gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user"
      ;;
    aarch64) # other vectors, another order of memory
      compiler=aarch64-linux-gnu-gcc linked=-static runner=qemu-aarch64
      packages="gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
      ;;
    musl) # from where the others have their headers it wants xxhash.h alone
      compiler=musl-gcc linked=-static packages=musl-tools
      flags="-O2 -idirafter /usr/include"
      ;;
    no-mmap)
      flags="-O1 -U__unix__ -U__APPLE__"
      ;;
  esac
}

# A C program is made so, and runs.
works() {
  printf '#include <stdlib.h>\n#include <xxhash.h>\nint main(void){return 0;}' \
    >"$tmp/works.c"
  # shellcheck disable=SC2086 # lists of words
  $compiler $flags $linked -o "$tmp/works" "$tmp/works.c" && $runner "$tmp/works"
}

# -- what conformance reads traces with ---------------------------------------

sources=build/portable/sources
debian=http://deb.debian.org/debian/pool/main

# fetched PATH SHA256: a source package of Debian's, as it was checked once
fetched() {
  file=$sources/$(basename "$1")
  mkdir -p "$sources"
  [ -r "$file" ] ||
    /usr/lib/apt/apt-helper -qq download-file "$debian/$1" "$file" "SHA256:$2"
}

# libraries MACHINE: Jansson and zlib, made for it; adds to flags and linked
libraries() {
  to=build/portable/$1/lib
  if ! [ -r "$to/libjansson.a" ]; then
    fetched j/jansson/jansson_2.14.orig.tar.gz \
      c739578bf6b764aa0752db9a2fdadcfe921c78f1228c7ec0bb47fa804c55d17b &&
      fetched z/zlib/zlib_1.2.13.dfsg.orig.tar.bz2 \
        71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1 &&
      rm -rf "$to" && mkdir -p "$to" &&
      tar -xf "$sources/jansson_2.14.orig.tar.gz" -C "$to" &&
      tar -xf "$sources/zlib_1.2.13.dfsg.orig.tar.bz2" -C "$to" &&
      (cd "$to"/zlib-* && CC="$compiler" CFLAGS=-O1 ./configure --static &&
        make -s libz.a && cp libz.a ..) &&
      (cd "$to"/jansson-* && : >android/jansson_private_config.h &&
        for source in src/*.c; do
          $compiler -O1 -w -DHAVE_STDINT_H -Iandroid -Isrc -c "$source" || exit
        done && ar rcs ../libjansson.a ./*.o)
  fi >/dev/null 2>&1 || return 1
  for folder in "$to"/jansson-*/src "$to"/jansson-*/android "$to"/zlib-*; do
    flags="$flags -isystem $folder"
  done
  linked="$linked -L$to"
}

# made MACHINE: the core and its programs are there for it
made() {
  of "$1"
  if ! works >/dev/null 2>&1; then
    echo "skip  builds for $1: needs $packages"
    return 1
  fi
  [ "$1" = no-mmap ] || libraries "$1" || {
    echo "skip  builds for $1: the sources of Jansson and zlib are not to be had"
    return 1
  }
  fact "builds for $1" "$MAKE" -s -j2 BUILD="build/portable/$1" \
    CC="$compiler" CFLAGS="$flags -pedantic -Werror" LDFLAGS="$linked" \
    core programs
}

# on MACHINE [PROGRAM...]: all of the core's programs, or these
on() {
  made "$1" && c_suites "build/portable/$1" "on $1" "$runner" "${@:2}"
}

# traces MACHINE NAME...: of these traces, where all would take too long
traces() {
  # shellcheck disable=SC2086 # a runner, or none
  pool suite "conformance.c, ${*:2}, on $1" $runner \
    "build/portable/$1/spec/conformance" "${@:2}"
}

without_ledger() { # whose bounds are those of mapped arrays
  for source in spec/c/{conformance,test_}*.c; do
    basename "$source" .c
  done | grep -v test_ledger
}

levels() { # compiler
  for level in 0 1 2 3; do
    how="by $1 -O$level"
    fact "builds $how -std=c11 -pedantic" build "build/portable/$1$level" \
      "$1" "-O$level -pedantic -Werror" || continue
    c_suites "build/portable/$1$level" "$how"
    eval "$("$MAKE" -s BUILD="build/portable/$1$level" env)"
    for name in map model values; do
      pool suite "${name}_spec.lua, $how" busted --lua="$LUA" \
        --cpath="build/portable/$1$level/?.so" -o plainTerminal \
        "spec/${name}_spec.lua"
    done
  done
}

# -- programs that read code --------------------------------------------------

# Lua's headers do not say what never returns, spec/noreturn.h does. Of what is
# set in one function and read in another on the same condition, clang's
# analyzer loses sight in the binding.
#
# One file at a time: clang-tidy 14 carries over what it knows of va_list.
tidy_core() {
  printf '%s\n' csrc/core/*/*.c | xargs -I FILE clang-tidy --quiet FILE -- \
    -std=c11 -Icsrc
}
tidy_binding() {
  printf '%s\n' csrc/binding/*.c csrc/binding/*/*.c |
    xargs -I FILE clang-tidy --quiet --checks="\
-clang-analyzer-core.UndefinedBinaryOperatorResult,\
-clang-analyzer-core.CallAndMessage" FILE -- \
      -std=c11 -D_GNU_SOURCE -Icsrc \
      -isystem "$(LUA=$LUA sh .ci/lua include)" -include spec/noreturn.h
}

# The core: of the binding it takes what raises for something that returns.
cppchecked() {
  cppcheck -q --std=c11 --enable=warning,performance,portability \
    --error-exitcode=1 -Icsrc csrc/core
}

readers() {
  if command -v clang-tidy >/dev/null; then
    pool fact "the core is clean under clang-tidy" tidy_core
    pool fact "the binding is clean under clang-tidy" tidy_binding
  else
    echo "skip  clean under clang-tidy: not installed"
  fi
  if command -v cppcheck >/dev/null; then
    pool fact "the core is clean under cppcheck" cppchecked
  else
    echo "skip  clean under cppcheck: not installed"
  fi
}

# -- memcheck, which sees what is read before it is written -------------------

memcheck="valgrind -q --error-exitcode=9 --trace-children=no"

memchecked() {
  if ! command -v valgrind >/dev/null; then
    echo "skip  under memcheck: needs valgrind"
    return
  fi
  fact "builds for memcheck" build build/portable/memcheck gcc "-O1 -g" || return
  eval "$("$MAKE" -s BUILD=build/portable/memcheck env)"
  c_suites build/portable/memcheck "under memcheck" "$memcheck" \
    test_{cells,check,growth,inspect,iter,memory,model}
  for name in map values batch iteration scan text tuple verbs policy drop; do
    # shellcheck disable=SC2086 # lists of words
    pool suite "${name}_spec.lua, under memcheck" $memcheck \
      "$(command -v "$LUA")" "$(command -v busted)" \
      --cpath="build/portable/memcheck/?.so" -o plainTerminal \
      "spec/${name}_spec.lua"
  done
}

# -- what is run --------------------------------------------------------------

portable_short() {
  on 32-bit test_{check,growth,inspect,iter,model,save}
  on s390x test_{check,growth,inspect,iter,save} &&
    traces s390x spec/golden/{chain,itersame,nan,raw}_*.gz
}

portable() {
  on 32-bit
  on s390x
  on aarch64
  on musl
  # shellcheck disable=SC2046 # a list of words
  on no-mmap $(without_ledger)
  without_simd gcc
  without_simd clang
  levels gcc
  levels clang
  readers
  memchecked
}
