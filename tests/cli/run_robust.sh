#!/bin/sh
# `cep run` and `cep state` against inputs that are broken, enormous, or end at the wrong moment.
. "$(dirname "$0")/../tap.sh"
cd "$work" || exit 1

cat >rules.cep <<'RULES'
network robust

event Tick as "tick" {
  n    : int    where n >= 0
  name : string
  at   : time in s
  time at
}

alert Seen {
  n    : int
  name : string
}

agent seen {
  on     Tick t
  derive Seen { n: t.n, name: t.name }
}
RULES

# ticks N: good lines.
ticks() {
    awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) printf "{\"type\":\"tick\",\"n\":%d,\"name\":\"x%d\",\"at\":%d}\n", i, i % 7, i }'
}

# run ARGS…: `cep run` reading standard input; as the end of a pipe it cannot set $code, so ended says it.
run() {
    "$CEP" run rules.cep "$@" >"$out" 2>"$err"
    echo $? >ended
}

ended() { cat ended; }

alerts() { wc -l <"$out" | tr -d ' '; }

ticks 3 | run
is "good lines: done" "$(ended)" 0
is "good lines: an alert each" "$(alerts)" 3
is "good lines: the summary" "$(cat "$err")" "3 events, 3 alerts, 0 rejected"

ticks 3 | run --quiet
is "--quiet says nothing" "$(cat "$err")" ""

# ── What is no event ──

head -c 1000000 /dev/urandom | run
is "random bytes: nothing was usable" "$(ended)" 1
is "random bytes: no alert" "$(alerts)" 0
has "random bytes: the reason is told" "$err" "stdin:1: rejected: not a JSON object"
has "random bytes: they are counted" "$err" "malformed"
lines=$(wc -l <"$err")
[ "$lines" -lt 20 ] && pass "random bytes: only a few are shown" || fail "random bytes: only a few are shown"

{ ticks 2; printf '{"type":"tick","n":3,"na'; } | run --errors errors.jsonl
is "a truncated last line: done" "$(ended)" 0
is "a truncated last line: the others count" "$(alerts)" 2
has "a truncated last line: its place" "$err" "stdin:3: rejected:"
has "a truncated last line: it is kept" errors.jsonl '"line":3,"original":"{\"type\":\"tick\",\"n\":3,\"na"'
has "a truncated last line: in the errors of the network" errors.jsonl '"event":"robust.errors","reason":"malformed"'

{ ticks 1; echo '{"type":"tock","n":1}'; echo '{"n":1}'; echo '{"type":"tick","n":-1,"name":"x","at":2}'; } | run
is "bad events: done" "$(ended)" 0
has "unknown type" "$err" 'stdin:2: rejected: no event is called `tock` here; did you mean `tick`?'
has "missing type" "$err" 'stdin:3: rejected: the field `type`'
has "violated constraint" "$err" 'stdin:4: rejected: attribute `n` of `Tick` violates `n >= 0`'
has "all are counted" "$err" "1 event, 1 alert, 3 rejected (2 unknown type, 1 invalid)"

{ ticks 2; echo '{"type":"tick","n":9,"name":"late","at":0}'; } | run
has "late event: by how much" "$err" 'stdin:3: rejected: `Tick` is late by 2 s'

printf '\357\273\277{"type":"tick","n":1,"name":"a","at":1}\r\n\r\n  \n{"type":"tick","n":2,"name":"b","at":1}' | run
is "byte order mark, CR LF, blank lines, no last newline" "$(alerts) $(cat "$err")" "2 2 events, 2 alerts, 0 rejected"

# ── Enormous ──

{ ticks 1; head -c 100000000 /dev/zero | tr '\0' 'x'; echo; ticks 2 | tail -1; } | run --errors errors.jsonl
is "a line of 100 MB: done" "$(ended)" 0
is "a line of 100 MB: the others count" "$(alerts)" 2
has "a line of 100 MB: its place and the limit" "$err" "stdin:2: rejected: a line is longer than 1 MiB"
[ "$(wc -c <errors.jsonl)" -lt 10000 ] && pass "a line of 100 MB: little of it is kept" || fail "a line of 100 MB: little of it is kept"

head -c 20000000 /dev/zero | tr '\0' '[' | run
is "20 MB of brackets: nothing usable" "$(ended)" 1

# rss INPUT: peak KiB of a run.
if [ -x /usr/bin/time ]; then
    ticks 1000000 >big.jsonl
    /usr/bin/time -f %M -o rss "$CEP" run rules.cep --in big.jsonl --out /dev/null --quiet
    if [ -n "$ASAN_OPTIONS" ] || grep -q __asan "$CEP" 2>/dev/null; then
        skip "a million lines in bounded memory" "the address sanitizer's memory counts"
    else
        [ "$(cat rss)" -lt 65536 ] && pass "a million lines in bounded memory" || fail "a million lines in bounded memory: $(cat rss) KiB"
    fi
    rm -f big.jsonl
else
    skip "a million lines in bounded memory" "no /usr/bin/time"
fi

# ── Files ──

: >empty.jsonl
cep run rules.cep --in empty.jsonl
is "an empty file: done" "$code" 0
is "an empty file: the summary" "$(cat "$err")" "0 events, 0 alerts, 0 rejected"

cep run rules.cep --in missing.jsonl
is "a missing file: exit code" "$code" 2
has "a missing file is named" "$err" "cannot read missing.jsonl: No such file or directory"

cep run rules.cep --in "$work"
is "a folder: exit code" "$code" 2
has "a folder is named" "$err" "Is a directory"

ticks 3 >three.jsonl
cep run rules.cep --in three.jsonl --in file:three.jsonl
is "two files are merged" "$code $(sed 's/.*"n":\([0-9]*\).*/\1/' "$out" | tr '\n' ' ')" "0 1 1 2 2 3 3 "

cep run rules.cep --in three.jsonl --out alerts.jsonl
is "--out writes a file" "$code $(wc -l <alerts.jsonl | tr -d ' ')" "0 3"
cep run rules.cep --in three.jsonl --out "$work/no/where"
is "--out that cannot be written" "$code" 2

# ── Ends ──

ticks 200000 >many.jsonl
"$CEP" run rules.cep --in many.jsonl 2>"$err" | head -1 >first
is "| head -1: the first alert" "$(wc -l <first | tr -d ' ')" 1
has "| head -1: one sentence" "$err" "the output was closed"
is "| head -1: nothing else" "$(grep -c closed "$err")" 1
{ "$CEP" run rules.cep --in many.jsonl 2>/dev/null; echo $? >code; } | head -1 >/dev/null
is "| head -1: exit code" "$(cat code)" 3

mkfifo pipe
"$CEP" run rules.cep --in pipe >"$out" 2>"$err" &
pid=$!
exec 3<>pipe # does not wait for a reader
ticks 5 >&3
tries=0
while [ "$(alerts)" -lt 5 ] && [ $tries -lt 100 ]; do
    sleep 0.05
    tries=$((tries + 1))
done
is "an open pipe: alerts come at once" "$(alerts)" 5
kill -INT $pid
wait $pid
is "SIGINT: exit code" "$?" 4
exec 3>&-
has "SIGINT: the summary" "$err" "5 events, 5 alerts, 0 rejected"
has "SIGINT: it is told" "$err" "interrupted"

cep run rules.cep --in many.jsonl
mv "$out" first
cep run rules.cep --in many.jsonl
same "a second run gives the same bytes" "$out" first
cep run rules.cep --in many.jsonl --batch 7 --row-by-row
same "batches of 7, row by row, give the same bytes" "$out" first

cp many.jsonl own.jsonl
cep run rules.cep --in own.jsonl --out own.jsonl
is "alerts into the file that is read: wrong usage" "$code" 2
has "alerts into the file that is read: said" "$err" "own.jsonl is an input, too"
same "alerts into the file that is read: it stays" own.jsonl many.jsonl
echo kept >alerts.jsonl
cep run rules.cep --in missing.jsonl --out alerts.jsonl
is "no input: the old alerts stay" "$(cat alerts.jsonl)" kept

timeout 10 "$CEP" run rules.cep <&- >"$out" 2>"$err"
is "standard input that is closed: wrong usage" "$?" 2
"$CEP" run rules.cep --in many.jsonl >&- 2>"$err"
is "standard output that is closed: exit code" "$?" 3
finish
