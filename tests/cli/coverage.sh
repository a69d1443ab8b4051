#!/bin/sh
# tests/golden/coverage has no gap: each word, function, policy and diagnostic of the language is reached by a test.
. "$(dirname "$0")/../tap.sh"

sh "$ROOT/tests/golden/coverage" >"$out" 2>"$err"
is "no gap" "$? $(grep ' -$' "$out")" "0 "
for kind in word function aggregate policy code; do
    is "there are rows of $kind" "$(grep -q "^$kind " "$out" && echo yes)" yes
done
is "no messages" "$(cat "$err")" ""
finish
