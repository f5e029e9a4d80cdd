#!/bin/sh
# The README's commands on a machine that has nothing but make:
#
#   fresh.sh [explore] [test]     default: both
#
# Keeps a bare Debian in build/fresh/base.tar, and the packages that it fetched
# beside it. Each run unpacks it, clones the last commit into it and types the
# commands there as a new user would. Exit status 77: cannot be tried here.
set -u
cd "$(dirname "$0")/../.." || exit 1
[ $# -gt 0 ] || set -- explore test

mirror=${FRESH_MIRROR:-http://deb.debian.org/debian}
suite=${FRESH_SUITE:-bookworm}
room=$PWD/build/fresh
run=$room/run

if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null; then
  echo "needs root and debootstrap"
  exit 77
fi

# Nothing of this machine but where packages come from.
bare() {
  if ! debootstrap --variant=minbase --include=make "$suite" "$run" \
    "$mirror" >"$room/log" 2>&1; then
    tail -n 5 "$room/log"
    return 1
  fi
  apt-config dump Acquire | grep -E '^Acquire::https?::.*[Pp]roxy' \
    >"$run/etc/apt/apt.conf.d/proxy"
  cp /etc/resolv.conf "$run/etc/resolv.conf" &&
    tar -C "$run" -cf "$room/base.new" . && mv "$room/base.new" "$room/base.tar"
}

# The authorities that this machine trusts beside the usual ones: who fetches
# packages of node through a proxy needs them.
certificates=''
trust() {
  [ -r "${NODE_EXTRA_CA_CERTS:-}" ] || return 0
  cp "$NODE_EXTRA_CA_CERTS" "$run/root/authorities.pem" &&
    certificates=NODE_EXTRA_CA_CERTS=/root/authorities.pem
}

# inside LINE: typed at the prompt of the new user. What a machine that runs has
# mounted is seen by that line alone, and gone with it.
inside() {
  # shellcheck disable=SC2016 # $1 and $2 are those of the inner shell
  env -i HOME=/root TERM=dumb PATH=/usr/sbin:/usr/bin:/sbin:/bin $certificates \
    unshare --mount sh -c 'mount -t proc proc "$1/proc" &&
      mount --rbind /dev "$1/dev" &&
      exec chroot "$1" sh -c "cd /root/hmap && $2"' - "$run" "$1" </dev/null
}

rm -rf --one-file-system "$run"
mkdir -p "$run" "$room/archives"
trap 'rm -rf --one-file-system "$run"' EXIT
if [ -r "$room/base.tar" ]; then
  tar -C "$run" -xf "$room/base.tar"
else
  bare
fi &&
  find "$room/archives" -name '*.deb' -exec \
    cp -t "$run/var/cache/apt/archives" {} + &&
  trust &&
  git -c safe.directory='*' clone -q --no-hardlinks . "$run/root/hmap" ||
  exit 1

for goal; do
  echo "== make $goal, with nothing but make"
  inside "make $goal" || {
    echo "make $goal failed"
    exit 1
  }
  # what apt-get fetched need not be fetched next time
  cp -u "$run"/var/cache/apt/archives/*.deb "$room/archives"
done
echo "fresh: $* came through"
