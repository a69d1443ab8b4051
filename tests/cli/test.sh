#!/bin/sh
# cep test
. "$(dirname "$0")/../tap.sh"
cd "$work" || exit 1

rules() {
    cat <<'EOF'
network demo
param limit : float = 100.0
event Payment { card : string  amount : float where amount > 0  note : string?  at : time  time at }
event Refund  { card : string }
table Card key id { id : string  owner : string  limit : float = 50.0 }
alert Large { card : string  amount : float  owner : string?  note : string? }
event Seen  { card : string }
agent large {
  on     Payment p where p.amount > limit
  enrich Card c by p.card
  derive Large { card: p.card, amount: p.amount, owner: c.owner, note: p.note }
}
agent seen {
  on     Payment p
  derive Seen { card: p.card }
}
EOF
}

# passes NAME / fails NAME: the test block on standard input, with these rules.
verdict() {
    rules >t.cep
    cat >>t.cep
    cep test t.cep
}
passes() {
    verdict
    is "$1" "$code" 0
    [ "$code" = 0 ] || note <"$out"
}
fails() {
    verdict
    is "$1" "$code" 1
    has "$1: not ok" "$out" "not ok 1 - x"
}

rules >t.cep
cep test t.cep
is "no tests: done" "$code" 0
is "no tests: said so" "$(cat "$out")" "1..0 # skipped: no tests"

passes "what is expected comes" <<'EOF'
test "x" of large {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 101.0 }
  expect Large { card: "c1", amount: 101 }
}
EOF
is "the output is TAP" "$(cat "$out")" "$(printf 'TAP version 13\n1..1\nok 1 - x')"

fails "another value" <<'EOF'
test "x" of large {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 101 }
  expect Large { card: "c1", amount: 102 }
}
EOF
has "another value: the place" "$out" "# t.cep:19:"
has "another value: the value expected is marked" "$out" "! amount: 102"
has "another value: both stand side by side" "$out" "expected                                actual"

fails "nothing comes" <<'EOF'
test "x" of large {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 1.0 }
  expect Large { card: "c1" }
}
EOF
has "nothing comes: said so" "$out" "nothing came out"
has "nothing comes: what should have" "$out" '#     expected  Large { card: "c1" }'
fails "something else comes" <<'EOF'
test "x" {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 1.0 }
  expect at 2026-03-01T09:00:00Z Large { card: "c1", amount: 1.0 }
}
EOF
has "something else comes: what should have" "$out" '#     expected  Large { card: "c1", amount: 1.0 } at 2026-03-01T09:00:00Z'
has "something else comes: what it was" "$out" '#     came      Seen { card: "c1" } at 2026-03-01T09:00:00Z'
fails "something comes where nothing should" <<'EOF'
test "x" of large {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 200.0 }
  expect nothing
}
EOF
has "something comes: it is shown" "$out" 'Large { card: "c1"'

passes "of AGENT: the others are not looked at" <<'EOF'
test "x" of large {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 1.0 }
  expect nothing
}
EOF
fails "without of: all of them" <<'EOF'
test "x" {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 1.0 }
  expect nothing
}
EOF
passes "exactly" <<'EOF'
test "x" {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 1.0 }
  at +1 s                 Payment { card: "c2", amount: 200.0 }
  expect exactly {
    Seen { } times 2
    Large { card: "c2" }
  }
}
EOF
fails "exactly, and one more comes" <<'EOF'
test "x" {
  at 2026-03-01T09:00:00Z Payment { card: "c2", amount: 200.0 }
  expect exactly { Seen { card: "c2" } }
}
EOF
passes "times" <<'EOF'
test "x" of seen {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 1.0 } repeat 3 every 10 s
  expect Seen { card: "c1" } times 3
}
EOF
fails "one too many" <<'EOF'
test "x" of seen {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 1.0 } repeat 3 every 10 s
  expect Seen { card: "c1" } times 2
}
EOF
passes "lines claim events whatever their order" <<'EOF'
test "x" of seen {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 1.0 }
  at +1 s                 Payment { card: "c2", amount: 1.0 }
  expect Seen { }
  expect Seen { card: "c1" }
}
EOF
passes "expect at" <<'EOF'
test "x" of seen {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 1.0 } repeat 2 every 1 min
  expect at 2026-03-01T09:00:00Z Seen { card: "c1" }
  expect at 2026-03-01T09:01:00Z Seen { card: "c1" }
}
EOF
passes "a block speaks of what came since the block before" <<'EOF'
test "x" of seen {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 1.0 }
  expect Seen { card: "c1" }
  at +1 s                 Payment { card: "c2", amount: 1.0 }
  expect exactly { Seen { card: "c2" } }
}
EOF
passes "tables, with defaults, and nulls" <<'EOF'
test "x" of large {
  table Card { id: "c1", owner: "Ann" }
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 200.0, note: "n" }
  at +1 s                 Payment { card: "c2", amount: 200.0 }
  expect Large { card: "c1", owner: "Ann", note: "n" }
  expect Large { card: "c2", owner: null, note: null }
}
EOF
passes "with other params" <<'EOF'
test "x" of large with { limit: 500.0 } {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 200.0 }
  expect nothing
  at +1 s                 Payment { card: "c1", amount: 501.0 }
  expect Large { amount: 501.0 }
}
EOF
passes "floats within 1e-9" <<'EOF'
test "x" of large {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 300.0000000001 }
  expect Large { amount: 300.0 }
}
EOF
passes "an expected rejection" <<'EOF'
test "x" of large {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: -1.0 }
  expect error "amount"
}
EOF
fails "a rejection that nobody expects" <<'EOF'
test "x" of large {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: -1.0 }
  expect nothing
}
EOF
has "a rejection that nobody expects: the reason" "$out" "an event was rejected"
fails "an expected rejection that does not come" <<'EOF'
test "x" of large {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 1.0 }
  expect error "amount"
}
EOF
passes "late events are rejected" <<'EOF'
test "x" of seen {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 1.0 }
  at 2026-03-01T08:00:00Z Payment { card: "c2", amount: 1.0 }
  expect error "late"
}
EOF

rules >t.cep
cat >>t.cep <<'EOF'
test "one" of seen {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 1.0 }
  expect Seen { }
}
test "two" of seen {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 1.0 }
  expect nothing
}
EOF
cep test --filter one t.cep
is "--filter: done" "$code" 0
has "--filter: one of them" "$out" "1..1"
cep test t.cep
is "one of two fails: wrong" "$code" 1
is "one of two fails: both are run" "$(grep -c '^ok\|^not ok' "$out")" 2

cep test --json --filter one t.cep
is "--json" "$(cat "$out")" '[{"test":"one","ok":true,"file":"t.cep","line":17,"report":""}]'

# With a lateness, events wait for their order; an expectation ends the waiting.
cat >late.cep <<'EOF'
network late
time occurrence lateness 10 s
event A { n : int  at : time  time at }
alert B { first : int  second : int }
agent pair {
  on     A a where a.n == 1
  on     A b where b.n == 2
  detect a -> b within 1 min
  derive B { first: a.n, second: b.n }
}
test "put in order" {
  at 2026-03-01T09:00:05Z A { n: 2 }
  at 2026-03-01T09:00:00Z A { n: 1 }
  expect B { first: 1, second: 2 }
}
test "too late for the lateness" {
  at 2026-03-01T09:00:20Z A { n: 2 }
  at 2026-03-01T09:00:00Z A { n: 1 }
  expect error "late"
}
test "too late for what was expected" {
  at 2026-03-01T09:00:05Z A { n: 2 }
  expect nothing
  at 2026-03-01T09:00:00Z A { n: 1 }
  expect error "late"
}
EOF
cep test late.cep
is "lateness" "$code" 0
[ "$code" = 0 ] || note <"$out"

# What a producer sends: wire names, paths, units, header fields.
cat >wire.cep <<'EOF'
network wire
event E as "the.event" {
  image : string   from "Event.Data.Image"
  pid   : int      from "Event.Data.Pid"
  host  : string?  from "hosts[1]"
  took  : duration = 5 s
  place : point?
  wide  : bool     = took > 1 min
  ts    : time in ms
  time ts
}
alert S { image : string  pid : int  host : string?  took : duration  place : point?  wide : bool  ts : time }
agent s {
  on     E e
  derive S { image: e.image, pid: e.pid, host: e.host, took: e.took, place: e.place, wide: e.wide, ts: e.ts }
}
test "all of it" {
  at 2026-03-01T09:00:00.25Z E { image: "a \"b\".exe", pid: 7, host: "h", took: 1 h 30 min, place: point(1.5, -2.0) } id "x"
  at +1 s E { image: "c", pid: 8 }
  expect S { image: "a \"b\".exe", pid: 7, host: "h", took: 90 min, place: point(1.5, -2.0), wide: true, ts: 2026-03-01T09:00:00.25Z, $time: 2026-03-01T09:00:00.25Z }
  expect S { image: "c", pid: 8, host: null, took: 5 s, place: null, wide: false }
}
EOF
cep test wire.cep
is "paths, units, header fields" "$code" 0
[ "$code" = 0 ] || note <"$out"

cat >later.cep <<'EOF'
network n
time occurrence lateness 5 s
event A { n : int  at : time  time at }
alert B { n : int }
alert C { n : int }
agent b { on A a  derive B { n: a.n } }
agent c { on A a  derive C { n: 10 / (a.n - a.n) } }
test "a block that fails does not take the next along" of b {
  at 2026-03-01T09:00:00Z A { n: 1 }
  expect B { n: 2 }
  at +1 s A { n: 3 }
  expect B { n: 4 }
}
test "another agent's error" of b {
  at 2026-03-01T09:00:00Z A { n: 1 }
  expect B { n: 1 }
}
test "time goes on from the latest" of b {
  at 2026-03-01T09:00:10Z A { n: 1 }
  at 2026-03-01T09:00:08Z A { n: 2 }
  at +1 s A { n: 3 }
  expect B { n: 1 }
  expect B { n: 2 }
  expect at 2026-03-01T09:00:11Z B { n: 3 }
}
EOF
cep test later.cep
is "a failed block: wrong" "$code" 1
has "a failed block: the events behind it are sent" "$out" "n: 4                                    3"
has "an agent that the test is not about may fail" "$out" "ok 2 - another agent's error"
has "an earlier at does not turn the clock back" "$out" "ok 3 - time goes on from the latest"

echo 'event A {' >bad.cep
cep test bad.cep
is "rules with mistakes: wrong" "$code" 1
has "rules with mistakes: the mistake" "$err" "error[E0"

cat >odd.cep <<'EOF'
event A { s : string }
alert B { s : string }
agent b { on A a derive B { s: a.s } }
test "a name # SKIP with a sign" {
  at 2026-03-01T09:00:00Z A { s: "one\nnot ok 2 \"x\"" }
  expect nothing
}
EOF
cep test odd.cep
has "no name is a directive" "$out" 'not ok 1 - a name \# SKIP with a sign'
has "a text stays on its line" "$out" 's: "one\nnot ok 2 \"x\""'

# What the tests reached.
cat >cover.cep <<'EOF'
network shop
param limit : float = 100.0
event Payment { card : string  amount : float  at : time  time at }
event Answer { card : string  at : time  time at }
alert Large { card : string }
alert Small { card : string }
alert Silent { card : string }
agent sorted {
  on     Payment p
  derive Large { card: p.card } when p.amount > limit
  derive Small { card: p.card } when p.amount < 1
}
agent asked in by card {
  on        Payment p
  expect    Answer a within 1 min
  otherwise derive Silent { card: p.card }
}
agent pair in by card {
  on     Payment p
  on     Answer a
  detect p -> a within 1 h
  derive Large { card: p.card }
}
test "large" of sorted {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 200 }
  expect Large { card: "c1" }
}
test "small & <quick>" of sorted with { limit: 1000.0 } {
  at 2026-03-01T09:00:00Z Payment { card: "c1", amount: 200 } id "x"
  expect Large { card: "c1" }
  advance 5 min
}
EOF
cep test --coverage --junit results.xml cover.cep
is "coverage: a test failed all the same" "$code" 1
sed -n '/^# coverage/,$p' "$out" >coverage
cat >wanted <<'EOF'
# coverage: 2 of 3 agents, 2 of 4 branches, 0 of 6 policy values
#   sorted (cover.cep:8): 2 events
#     derive Large when …: 1
#   ! derive Small when …: 0
#   asked (cover.cep:13): 2 events
#     otherwise derive Silent: 1
# ! pair (cover.cep:18): 2 events
#   ! derive Large: 0
# ! evaluate immediately: no agent with it is reached
# ! match every time: no agent with it is reached
# ! pick first: no agent with it is reached
# ! consume matched: no agent with it is reached
# ! order occurrence: no agent with it is reached
# ! evidence first 50 and last 50: no agent with it is reached
EOF
same "coverage: agents, branches, policy values" coverage wanted
sed 's/time="[0-9.]*"/time="T"/' results.xml >results
cat >wanted <<'EOF'
<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="shop" tests="2" failures="1" errors="0" skipped="0" time="T">
    <testcase classname="shop" name="large" file="cover.cep" line="24" time="T"/>
    <testcase classname="shop" name="small &amp; &lt;quick&gt;" file="cover.cep" line="28" time="T">
      <failure message="cover.cep:30:10: 0 of 1 `Large` came">cover.cep:30:10: 0 of 1 `Large` came
    expected  Large { card: &quot;c1&quot; }
    nothing came out
</failure>
    </testcase>
  </testsuite>
</testsuites>
EOF
same "JUnit" results wanted
cep test --coverage --json --filter large cover.cep
is "coverage as JSON: done" "$code" 0
has "coverage as JSON: the tests" "$out" '[{"test":"large","ok":true,"file":"cover.cep","line":24,"report":""}]'
has "coverage as JSON: the shares" "$out" '{"coverage":{"agents":{"reached":1,"all":3},"branches":{"reached":1,"all":4},'
has "coverage as JSON: the branches" "$out" '{"port":"otherwise derive","event":"Silent","derived":0}'
cep test --junit /nowhere/results.xml cover.cep
is "a file that cannot be written: wrong usage" "$code" 2
finish
