#!/usr/bin/env bash
# audit.sh: looks for known vulnerabilities in what the program is built of.
#
#   Go    govulncheck, with Go's own database: what our code can reach fails, the rest is told
#   npm   npm audit, with the registry's: what is in the page fails, what only builds it is told
#
# A database that can't be reached says nothing about us: that is told in so many words, and does not fail.
# AUDIT_PACKAGES (./...), AUDIT_GO_DB and AUDIT_NPM_REGISTRY are for the tests of this script.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
not_checked=()
output=$(mktemp)
trap 'rm -f "$output"' EXIT

echo '== audit: Go'
db=${AUDIT_GO_DB:-https://vuln.go.dev}
read -ra packages <<<"${AUDIT_PACKAGES:-./...}"
code=0
if away=$(curl -fsS --retry 2 --max-time 30 -o /dev/null "$db/index/db.json" 2>&1); then
  go build -o bin/govulncheck golang.org/x/vuln/cmd/govulncheck
  bin/govulncheck -db "$db" "${packages[@]}" >"$output" 2>&1 || code=$? # 3 when something was found
  if [ $code != 0 ] && grep -q '^govulncheck: fetching vulnerabilities' "$output"; then
    away=$(grep '^govulncheck: fetching vulnerabilities' "$output")
  else
    away=
    cat "$output"
    [ $code = 0 ] || status=1
  fi
fi
[ -z "$away" ] || not_checked+=("Go: ${away##*$'\n'}")

echo '== audit: npm'
code=0
# npm's own status does not tell what it found from a registry that does not say.
(cd frontend && npm audit --json --package-lock-only ${AUDIT_NPM_REGISTRY:+--registry "$AUDIT_NPM_REGISTRY"}) \
  2>/dev/null | node scripts/audit-page.mjs >"$output" || code=${PIPESTATUS[1]}
case $code in
  2) not_checked+=("npm: $(cat "$output")") ;;
  *)
    cat "$output"
    [ "$code" = 0 ] || status=1
    ;;
esac

for what in "${not_checked[@]}"; do
  echo "NOT CHECKED, since the database can't be reached: $what"
done
exit $status
