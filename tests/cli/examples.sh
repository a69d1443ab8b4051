#!/bin/sh
# The examples: each has rules, a stream and the alerts that must come out of it.
. "$(dirname "$0")/../tap.sh"
cd "$ROOT/examples" || exit 1

for folder in */; do
    name=${folder%/}
    for stream in "$name"/*.jsonl; do
        "$CEP" run "$name/$name.cep" <"$stream" >"$out" 2>"$err"
    done
    same "$name: the alerts" "$out" "$name/expected.alerts"
    has "$name: the README names the rules" "$name/README.md" "$name.cep"
    has "examples/README.md has $name" README.md "\`$name/\`"
done
finish
