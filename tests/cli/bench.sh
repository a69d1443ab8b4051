#!/bin/sh
# cep bench: that it measures what it says and finds the right results; never how fast.
. "$(dirname "$0")/../tap.sh"

cep bench --passes 1 w7
is "W7: done" "$code" 0
has "W7: the right result" "$out" "ok"
has "W7: no memory is asked for in the steady state" "$out" " 0 memory calls in a further"
cep bench --passes 1 check
is "check: done" "$code" 0
has "check: rules are rules" "$out" "check-10k"
is "check: each text is judged as it should be" "$(grep -c ' ok ' "$out")" 6
lacks "check: only that" "$out" "W1"
cep bench --passes 1 check --json
has "check as JSON" "$out" '[{"id":"check-10k","bytes":'
cep bench --passes 1 codec
is "codec: what is read is what was written" "$code" 0
has "codec: reading is measured" "$out" "ns an event, goal 15"
cep bench --passes 1 net
is "net: done" "$code" 0
has "net: nothing is lost" "$out" " 0 lost"
cep bench --passes 1 --json net
has "net: as JSON" "$out" '"lost":0'
cep bench node --events 20000 --seconds 1
is "node: done" "$code" 0
has "node: events per second" "$out" "events/s, producer to subscriber"
has "node: the longest latency" "$out" "  max"
cep bench w99
is "an unknown workload: wrong usage" "$code" 2
cep bench --passes 0 w1
is "no passes: wrong usage" "$code" 2
if command -v redis-server >/dev/null 2>&1; then
    cep bench --passes 1 --json enrich
    is "enrich: done" "$code" 0
    has "enrich: the right result" "$out" '"ok":true'
    has "enrich: each row is fetched once" "$out" '"fetched":'
else
    skip "enrich: done" "redis-server is not installed"
fi
finish
