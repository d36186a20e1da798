#!/usr/bin/env bash
# call.sh [ARGS…]: serves the chat, as "make run" does, with a development LiveKit server beside it, for calls between tabs
# of this machine. Whichever of the two ends takes the other with it.
set -euo pipefail
cd "$(dirname "$0")/.."

# Its own module, so that the chat does not depend on it. The first build takes a minute or two.
livekit=$PWD/bin/livekit-server
echo 'call.sh: building livekit-server, which takes a minute or two the first time'
(cd e2e/calls/livekit && go build -o "$livekit" github.com/livekit/livekit-server/cmd/server)
go build -o bin/caller ./cmd/caller

media='' chat=''
stop() {
  trap - EXIT
  [ -z "$chat" ] || kill -TERM "$chat" 2>/dev/null || true # done within 10 s
  [ -z "$media" ] || kill -KILL "$media" 2>/dev/null || true # it would wait for those in a call, and has nothing to keep
  wait
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Jobs of their own process groups, so that Ctrl-C comes to this script alone, which stops both in order.
set -m
"$livekit" --dev --bind 127.0.0.1 --config-body '
logging: {level: error}
rtc: {node_ip: 127.0.0.1, use_external_ip: false, enable_loopback_candidate: true}
webhook: {api_key: devkey, urls: ["http://127.0.0.1:8080/livekit/webhook"]}' &
media=$!
until (exec 3<>/dev/tcp/127.0.0.1/7880) 2>/dev/null; do
  kill -0 "$media" || { echo 'call.sh: livekit-server does not start' >&2; exit 1; }
  sleep 0.1
done
LIVEKIT_URL=ws://127.0.0.1:7880 LIVEKIT_PUBLIC_URL=ws://127.0.0.1:7880 LIVEKIT_API_KEY=devkey LIVEKIT_API_SECRET=secret \
  bin/caller "$@" &
chat=$!
set +m
wait -n || true
echo 'call.sh: one of the two has ended, so both do' >&2
exit 1
