#!/bin/sh
# Installs srs-ts from its releases: downloads the executable for this system, checks it, and puts it in place.
#
#   curl -fsSL https://github.com/srs-ts/srs-ts/releases/latest/download/install.sh | sh
#
# SRS_TS_VERSION   such as v0.2.0 (default: the latest release)
# SRS_TS_BIN       directory of the executable (default: /usr/local/bin, or ~/.local/bin where that is not writable)
# SRS_TS_RELEASES  address of the releases, for a mirror
set -eu

fail() {
  printf 'install.sh: %s\n' "$1" >&2
  exit 1
}

# The whole script is a function, so that nothing runs of a download that broke off.
main() {
  releases=${SRS_TS_RELEASES:-https://github.com/srs-ts/srs-ts/releases}
  case $(uname -s) in
    Linux) system=linux ;;
    Darwin) system=macos ;;
    *) fail "no executable for $(uname -s); for Windows, take the .zip at $releases" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) machine=x64 ;;
    aarch64 | arm64) machine=arm64 ;;
    *) fail "no executable for the processor $(uname -m); Deno runs the source: see the README" ;;
  esac
  if [ -n "${SRS_TS_VERSION:-}" ]; then base=$releases/download/$SRS_TS_VERSION; else base=$releases/latest/download; fi
  archive=srs-ts-$system-$machine.tar.gz

  bin=${SRS_TS_BIN:-}
  if [ -z "$bin" ]; then
    if [ -w /usr/local/bin ]; then bin=/usr/local/bin; else bin=$HOME/.local/bin; fi
  fi
  mkdir -p "$bin" 2>/dev/null || fail "cannot make the directory $bin; name another: SRS_TS_BIN=DIRECTORY"
  [ -w "$bin" ] || fail "$bin is not writable; name another directory: SRS_TS_BIN=DIRECTORY"

  dir=$(mktemp -d)
  trap 'rm -rf "$dir"' EXIT
  trap 'exit 1' HUP INT TERM
  get "$base/$archive" "$dir/$archive"
  get "$base/SHA256SUMS" "$dir/SHA256SUMS"

  wanted=$(sed -n "s/^\([0-9a-f]\{64\}\) [ *]$archive\$/\1/p" "$dir/SHA256SUMS")
  [ -n "$wanted" ] || fail "SHA256SUMS of this release does not name $archive"
  got=$(checksum "$dir/$archive")
  [ "$got" = "$wanted" ] || fail "the checksum of $archive is $got, not $wanted: nothing was installed"

  tar -xzf "$dir/$archive" -C "$dir" ./srs-ts
  chmod 755 "$dir/srs-ts"
  version=$("$dir/srs-ts" version) || fail "the executable does not run on this system"
  # By a rename: a server that runs keeps the file that it has.
  cp "$dir/srs-ts" "$bin/.srs-ts.new" && mv "$bin/.srs-ts.new" "$bin/srs-ts"
  printf 'srs-ts %s is installed: %s\n' "$version" "$bin/srs-ts"
  case ":$PATH:" in
    *":$bin:"*) ;;
    *) printf '%s is not in your PATH yet: add it\n' "$bin" ;;
  esac
  printf 'See it work: srs-ts demo\n'
}

get() {
  if command -v curl >/dev/null; then
    curl -fsSL --retry 2 -o "$2" "$1" || fail "cannot download $1"
  elif command -v wget >/dev/null; then
    wget -q -O "$2" "$1" || fail "cannot download $1"
  else
    fail "curl or wget is needed"
  fi
}

checksum() {
  if command -v sha256sum >/dev/null; then sha256sum "$1" | cut -d ' ' -f 1
  elif command -v shasum >/dev/null; then shasum -a 256 "$1" | cut -d ' ' -f 1
  else fail "sha256sum or shasum is needed"; fi
}

main
