#!/usr/bin/env bash
# need.sh COMMAND...: sees to it that the commands are there. What is missing is installed from Debian's packages
# when we are root or sudo asks for no password; otherwise one line says what to install.
set -euo pipefail

PATH=$PATH:/usr/local/go/bin:/usr/local/sbin:/usr/sbin:/sbin
cd "$(dirname "$0")/.."

# new_enough COMMAND HAVE WANT HOW: Debian's own Go and Node are older, and what they say then is about something else.
new_enough() {
  [ "$(printf '%s\n' "$3" "$2" | sort -V | head -n 1)" = "$3" ] && return
  echo "need.sh: $1 is ${2:-of an unknown version}, and has to be $3 or newer: $4" >&2
  exit 1
}

missing=() packages=()
for command in "$@"; do
  case $command in
    python3-autobahn) # no command, but a library of Debian's own Python
      /usr/bin/python3 -c 'import autobahn' 2>/dev/null && continue ;;
    lighttpd) # its HTTPS is a package of its own
      command -v lighttpd >/dev/null && [ -e /usr/lib/lighttpd/mod_openssl.so ] && continue ;;
    go)
      if command -v go >/dev/null; then
        have=$(go env GOVERSION) || have=
        new_enough go "${have#go}" "$(sed -n 's/^go //p' go.mod)" https://go.dev/dl/
        continue
      fi ;;
    node)
      if command -v node >/dev/null; then
        new_enough node "$(node -p process.versions.node)" 20.19 https://nodejs.org/
        continue
      fi ;;
    *) command -v "$command" >/dev/null && continue ;;
  esac
  missing+=("$command")
  case $command in
    gcc) packages+=(gcc libc6-dev) ;; # the race detector links with it
    varnishd) packages+=(varnish) ;;
    lighttpd) packages+=(lighttpd lighttpd-mod-openssl) ;;
    promtool) packages+=(prometheus) ;;
    mitmdump) packages+=(mitmproxy) ;;
    systemd-analyze) packages+=(systemd) ;;
    systemd-nspawn) packages+=(systemd-container) ;;
    pgrep) packages+=(procps) ;;
    setpriv) packages+=(util-linux) ;;
    git | file | debootstrap | lintian | strace | redis-server | zsh | fish | mandoc | groff | nginx | haproxy | chromium | curl | python3 | python3-autobahn | apache2 | caddy | squid | tinyproxy | privoxy | firefox-esr | prometheus) packages+=("$command") ;;
    go) echo "need.sh: go is missing: install Go (https://go.dev/dl/), the version that go.mod names or newer" >&2; exit 1 ;;
    node | npm) echo "need.sh: $command is missing: install Node 20.19 or newer (https://nodejs.org/)" >&2; exit 1 ;;
    *) echo "need.sh: no package is known for $command" >&2; exit 1 ;;
  esac
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
  else
    echo "need.sh: missing: ${missing[*]}; as root: apt-get update && apt-get install ${packages[*]}" >&2
    exit 1
  fi
fi
if ! command -v apt-get >/dev/null; then
  echo "need.sh: missing: ${missing[*]}; this machine has no apt-get: install them by hand" >&2
  exit 1
fi

echo "need.sh: installing ${packages[*]}"
# Debian starts a service as it installs one. The tests start their own, on ports of their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
  "${as_root[@]}" chmod +x $policy
  trap '"${as_root[@]}" rm -f $policy' EXIT
fi
install() {
  "${as_root[@]}" apt-get update -qq </dev/null &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${packages[@]}" </dev/null
}
if ! output=$(install 2>&1); then
  printf '%s\n' "$output" >&2
  echo "need.sh: could not install ${packages[*]}" >&2
  exit 1
fi
