#!/usr/bin/env bash
# Draws the app's icons from their SVG files into ../public/icons. It needs Chromium.
set -euo pipefail
cd "$(dirname "$0")"
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
draw() { # source size name
  printf '<!doctype html><style>*{margin:0}img{display:block;width:%spx}</style><img src="data:image/svg+xml;base64,%s">' \
    "$2" "$(base64 -w0 "$1")" > "$profile/page.html"
  chromium --headless --no-sandbox --user-data-dir="$profile/chromium" --hide-scrollbars --virtual-time-budget=2000 --force-device-scale-factor=1 \
    --default-background-color=00000000 --window-size="$2,$2" --screenshot="$PWD/../public/icons/$3" "file://$profile/page.html" 2> "$profile/log" \
    || { cat "$profile/log" >&2; exit 1; }
}
draw ../public/favicon.svg 192 icon-192.png
draw ../public/favicon.svg 512 icon-512.png
draw maskable.svg 512 maskable-512.png
draw maskable.svg 180 apple-touch.png
draw badge.svg 192 badge-192.png
