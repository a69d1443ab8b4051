#!/bin/sh
# cep replay: rules over recorded events.
. "$(dirname "$0")/../tap.sh"
cd "$work" || exit 1

cat >rules.cep <<'RULES'
network demo

param limit : float = 100.0

event Pay as "pay" {
  card   : string
  amount : float where amount >= 0.0
  at     : time
  time at
}

alert Large {
  card   : string
  amount : float
}

alert Often {
  card : string
  n    : int
}

agent large {
  on     Pay p where p.amount > limit
  derive Large { card: p.card, amount: p.amount }
}

agent often in by card, last 1 h {
  on     Pay p
  detect count(p) == 3
  match  every time
  derive Often { card: p.card, n: count(p) }
}
RULES
sed 's/p.amount > limit/p.amount > 200.0/; s/count(p) == 3/count(p) == 2/' rules.cep >other.cep
sed 's/agent often/agent frequent/' rules.cep >renamed.cep

# pay CARD AMOUNT MINUTE
pay() {
    printf '{"type":"pay","card":"%s","amount":%s,"at":"2026-03-01T09:%02d:00Z"}\n' "$1" "$2" "$3"
}
{ pay a 50 0; pay b 150 1; pay a 250 2; pay a 20 3; pay b 10 4; } >log.jsonl

cep replay rules.cep --in log.jsonl
is "done" "$code" 0
is "a line for each rule" "$(sed -n 's/  */ /gp' "$out")" "alert agent alerts keys first last partitions
Large large 2 - 2026-03-01T09:01:00Z 2026-03-01T09:02:00Z 1
Often often 1 1 2026-03-01T09:03:00Z 2026-03-01T09:03:00Z 2
$(tail -1 "$out")"
has "the totals" "$out" "3 alerts of 5 events; state at most "
is "no bar where there is no terminal" "$(cat "$err")" "5 events, 3 alerts, 0 rejected"
cep replay rules.cep --in log.jsonl --param limit=1000.0
has "a param" "$out" "1 alert of 5 events"
"$CEP" replay rules.cep <log.jsonl >"$out" 2>"$err"
has "standard input" "$out" "3 alerts of 5 events"

# ── A part of the time ──

cep replay rules.cep --in log.jsonl --from 2026-03-01T09:01:00Z --to 2026-03-01T09:03:00Z --json
has "from is in, to is not" "$out" '"events":2,"rejected":0,"passed_over":3,"alerts":2,"state_bytes_max":'
has "what was passed over is counted" "$err" "3 events outside of the time asked for were passed over"
has "rules without alerts are there" "$out" '{"alert":"Often","agent":"often","alerts":0,"keys":0,"first":null,"last":null,"partitions_max":2}'
cep replay rules.cep --in log.jsonl --to 2026-03-01T08:00:00Z
is "nothing in it is no mistake" "$code" 0
{ pay a 50 0; echo '{'; pay b -1 1; } >bad.jsonl
cep replay rules.cep --in bad.jsonl --json
has "rejected lines are counted" "$out" '"events":1,"rejected":2'
has "and shown" "$err" "bad.jsonl:2: rejected: "

# ── Speed ──

cep replay rules.cep --in log.jsonl --speed 1000000x --json
has "with a speed: the same" "$out" '"events":5,"rejected":0,"passed_over":0,"alerts":3'
for speed in 60 fast 0x -1x; do
    cep replay rules.cep --in log.jsonl --speed $speed
    is "--speed $speed: wrong usage" "$code" 2
done

# ── Two versions ──

cep replay rules.cep --in log.jsonl --compare rules.cep
is "the same rules: 0" "$code" 0
is "the same rules: nothing differs" "$(tail -1 "$out")" "3 alerts stay, 0 vanish, 0 appear"
cep replay rules.cep --in log.jsonl --compare renamed.cep
is "an agent of another name gives the same alerts" "$code" 0
cep replay rules.cep --in log.jsonl --compare other.cep
is "others: 1" "$code" 1
is "others: what vanishes and appears" "$(grep '^[-+]' "$out")" \
    '- {"alert":"Large","time":"2026-03-01T09:01:00Z","data":{"card":"b","amount":150}}
- {"alert":"Often","time":"2026-03-01T09:03:00Z","key":{"card":"a"},"data":{"card":"a","n":3}}
+ {"alert":"Often","time":"2026-03-01T09:02:00Z","key":{"card":"a"},"data":{"card":"a","n":2}}
+ {"alert":"Often","time":"2026-03-01T09:04:00Z","key":{"card":"b"},"data":{"card":"b","n":2}}'
is "others: counted" "$(tail -1 "$out")" "1 alert stays, 2 vanish, 2 appear"
cep replay rules.cep --in log.jsonl --compare other.cep --json
has "others: as JSON" "$out" '"stay":1,"vanish":2,"appear":2,"vanishing":[{"alert":"Large","time":"2026-03-01T09:01:00Z",'

awk 'BEGIN { for (i = 0; i < 3000; i++) printf "{\"type\":\"pay\",\"card\":\"c%d\",\"amount\":150,\"at\":\"2026-03-01T09:00:00Z\"}\n", i }' >many.jsonl
cep replay rules.cep --in many.jsonl --compare other.cep
is "only the first are shown" "$(grep -c '^- {' "$out") $(grep '^- and' "$out")" "10 - and 2,990 more"
{ pay a 150 0; pay a 150 0; } >twice.jsonl
sed 's/^agent often.*/agent again {\n  on     Pay p where p.amount > limit\n  derive Large { card: p.card, amount: p.amount }\n}\n&/' rules.cep >more.cep
cep replay rules.cep --in twice.jsonl --compare more.cep
is "alerts that are equal are counted" "$(tail -1 "$out")" "2 alerts stay, 0 vanish, 2 appear"

# ── Nothing of a trial goes where alerts go ──

{ cat rules.cep; echo; echo 'consumer desk of Large to "file:desk.jsonl"'; } >desk.cep
cep replay desk.cep --in log.jsonl
has "with a consumer: the alerts are counted" "$out" "3 alerts of 5 events"
is "its file is not written" "$(ls desk.jsonl 2>/dev/null)" ""

# ── Mistakes ──

cep replay rules.cep --in - --compare other.cep
is "standard input cannot be read twice" "$code" 2
timeout 30 "$CEP" replay rules.cep --in /dev/stdin --compare other.cep <log.jsonl >"$out" 2>"$err"
is "a file as standard input can" "$?" 1
cat log.jsonl | timeout 30 "$CEP" replay rules.cep --in /dev/stdin --compare other.cep >"$out" 2>"$err"
is "a pipe cannot" "$?" 2
has "which is said" "$err" "--compare needs a file"
cep replay rules.cep --in nowhere.jsonl
is "no input: cannot be read" "$code" 2
has "no input: said" "$err" "cep: cannot read nowhere.jsonl"
cep replay rules.cep --in log.jsonl --compare nowhere.cep
is "no other rules: cannot be read" "$code" 2
cep replay rules.cep --in log.jsonl --from yesterday
is "no time: wrong usage" "$code" 2
cep replay rules.cep --in log.jsonl --from 2026-03-02 --to 2026-03-01
is "from behind to: wrong usage" "$code" 2
cep replay --in log.jsonl
is "no rules: wrong usage" "$code" 2
if command -v script >/dev/null; then
    timeout 60 script -qec "$CEP replay rules.cep --in many.jsonl" /dev/null </dev/null >"$out" 2>&1
    has "a bar on a terminal" "$out" "[########################################] 100 %"
else
    skip "a bar on a terminal" "script is not installed"
fi
finish
