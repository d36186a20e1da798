#!/usr/bin/env bash
# frontend.sh deps|build|verify: what the Makefile does with the page.
#   deps    install what package-lock.json names, if that has not been done
#   build   bring frontend/dist, frontend/dist-admin and frontend/lib up to date, if their sources have changed
#   verify  fail unless these are what the sources build
set -euo pipefail
scripts=$(cd "$(dirname "$0")" && pwd)
cd "$scripts/../frontend"

deps() {
  "$scripts/need.sh" node npm
  # npm writes its own copy of the lock file when it is done.
  [ node_modules/.package-lock.json -nt package-lock.json ] && return
  npm ci --no-audit --no-fund
}

# stale reports whether dist, dist-admin and lib, which are built together, may be other than what the sources build. What is committed has been verified, and a
# checkout gives every file the time of the checkout: times count only where something was changed since.
stale() {
  [ -f dist/index.html ] && [ -f dist-admin/index.html ] && [ -f lib/caller.js ] || return 0
  if git rev-parse --git-dir >/dev/null 2>&1 && [ -z "$(git status --porcelain -- .)" ]; then
    return 1
  fi
  [ -n "$(find . \( -path ./dist -o -path ./dist-admin -o -path ./lib -o -path ./node_modules \) -prune -o -type f -newer dist/index.html -print -quit)" ]
}

case ${1:-} in
  deps) deps ;;
  build)
    stale || exit 0
    deps
    npm run build
    ;;
  verify)
    deps
    fresh=$(mktemp -d)
    trap 'rm -rf "$fresh"' EXIT
    npm run build:page -- --outDir "$fresh/dist" --emptyOutDir --logLevel warn
    npm run build:admin -- --outDir "$fresh/dist-admin" --emptyOutDir --logLevel warn
    npm run build:lib:core -- --outDir "$fresh/lib" --emptyOutDir --logLevel warn
    for module in $(node -p 'Object.keys(require("./package.json").scripts).filter((name) => /^build:lib:(?!core$)/.test(name)).join(" ")'); do
      npm run "$module" -- --outDir "$fresh/lib" --logLevel warn
    done
    npm run build:types -- --outDir "$fresh/lib/types"
    for built in dist dist-admin lib; do
      if ! diff -rq "$fresh/$built" "$built"; then
        echo "frontend/$built is not what its sources build: run 'npm run build' in frontend and commit the result" >&2
        exit 1
      fi
    done
    ;;
  *)
    echo "usage: frontend.sh deps|build|verify" >&2
    exit 2
    ;;
esac
