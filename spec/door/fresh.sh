#!/bin/sh
# The README's commands on a machine that has nothing but make:
#
#   fresh.sh [explore] [test]     default: both
#
# Keeps a bare Debian in build/fresh/base, and the packages that it fetched.
# Each run copies it, clones the last commit into the copy and types the
# commands there as a new user would. Exit status 77: cannot be tried here.
set -u
cd "$(dirname "$0")/../.." || exit 1
[ $# -gt 0 ] || set -- explore test

mirror=${FRESH_MIRROR:-http://deb.debian.org/debian}
suite=${FRESH_SUITE:-bookworm}
base=$PWD/build/fresh/base run=$PWD/build/fresh/run

if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null; then
  echo "needs root and debootstrap"
  exit 77
fi

# Nothing of this machine but where packages come from.
bare() {
  rm -rf "$base.new" &&
    debootstrap --variant=minbase --include=make "$suite" "$base.new" \
      "$mirror" >build/fresh/debootstrap.log 2>&1 || {
    tail -n 5 build/fresh/debootstrap.log
    return 1
  }
  apt-config dump Acquire | grep -E '^Acquire::https?::.*[Pp]roxy' \
    >"$base.new/etc/apt/apt.conf.d/proxy"
  cp /etc/resolv.conf "$base.new/etc/resolv.conf" && mv "$base.new" "$base"
}

# inside LINE: typed at the prompt of the new user
inside() {
  env -i HOME=/root TERM=dumb PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    chroot "$run" sh -c "cd /root/hmap && $1" </dev/null
}

mkdir -p build/fresh
[ -d "$base" ] || bare || exit 1
rm -rf "$run"
trap 'rm -rf "$run"' EXIT
cp -a "$base" "$run" &&
  git -c safe.directory='*' clone -q --no-hardlinks . "$run/root/hmap" ||
  exit 1

for goal; do
  echo "== make $goal, with nothing but make"
  inside "make $goal" || {
    echo "make $goal failed"
    exit 1
  }
  # what apt-get fetched need not be fetched next time
  cp -u "$run"/var/cache/apt/archives/*.deb "$base/var/cache/apt/archives"
done
echo "fresh: $* came through"
