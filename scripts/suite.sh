#!/usr/bin/env bash
# suite.sh NAME PACKAGES [FLAG...]: runs a long suite, the tests of these packages with go test's flags. A test that
# fails is run once more by itself: if it passes then it is flaky, which is reported and not red. Three such tests are
# too many, and a data race or a panic is always red. What happened is in bin/tests/NAME.json.
set -euo pipefail
cd "$(dirname "$0")/.."

name=$1 packages=$2
shift 2
mkdir -p bin/tests
echo "== suite: $name"
status=0
go tool gotestsum --format standard-quiet --hide-summary skipped --jsonfile "bin/tests/$name.json" \
  --rerun-fails=1 --rerun-fails-max-failures=2 --rerun-fails-abort-on-data-race \
  --packages "$packages" -- -race -count 1 -timeout 40m "$@" || status=$?
go run ./internal/testreport -flaky "bin/tests/$name.json"
exit $status
