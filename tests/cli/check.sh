#!/bin/sh
# cep check
. "$(dirname "$0")/../tap.sh"
cd "$work" || exit 1

cat >good.cep <<'EOF'
network demo
param limit : float = 100.0
event Payment { card : string  amount : float  at : time  time at }
alert Large { card : string  amount : float }
agent large {
  on     Payment p where p.amount > limit
  derive Large { card: p.card, amount: p.amount }
}
EOF
cep check good.cep
is "good rules: done" "$code" 0
is "good rules: the summary" "$(cat "$out")" "1 agent, 1 event, no errors"
is "good rules: no messages" "$(cat "$err")" ""
cep check --json good.cep
is "good rules as JSON" "$(cat "$out")" \
    '{"network":"demo","agents":1,"events":1,"alerts":1,"tables":0,"errors":0,"warnings":0}'
cep check --param limit=5.5 good.cep
is "a param from outside" "$code" 0
cep check --param limit='"x"' good.cep
is "a param of the wrong type is an error" "$code" 1
cep check --param limit good.cep
is "--param without a value: wrong usage" "$code" 2
cep check --format xml good.cep
is "an unknown format: wrong usage" "$code" 2

sed 's/p\.amount }/p.amout }/' good.cep >bad.cep
cep check bad.cep
is "an unknown attribute: wrong rules" "$code" 1
has "an unknown attribute: its name" "$out" 'amout'
has "an unknown attribute: its place" "$out" "--> bad.cep:7:"
has "an unknown attribute: what is meant" "$out" 'did you mean `amount`?'
is "an unknown attribute: the summary" "$(tail -n 1 "$out")" "1 error"
cep check --format json bad.cep
has "diagnostics as JSON" "$out" '"code":"E0'
cep check --format sarif bad.cep
has "diagnostics as SARIF" "$out" '"2.1.0"'

: >empty.cep
cep check empty.cep
is "an empty file: done" "$code" 0
is "an empty file: the summary" "$(tail -n 1 "$out")" "0 agents, 0 events, no errors"

printf 'event A { x : int \0 }' >nul.cep
cep check nul.cep
is "a NUL byte: wrong rules" "$code" 1
printf 'event A { x : int } # \377\n' >utf8.cep
cep check utf8.cep
is "bytes that are not UTF-8: wrong rules" "$code" 1
head -c 65536 /dev/urandom >noise.cep
cep check noise.cep
is "noise: wrong rules" "$code" 1

# 17 MB.
awk 'BEGIN { for (i = 0; i < 17000; i++) printf "# %999d\n", i }' >big.cep
cep check big.cep
is "a file above 16 MiB: wrong rules" "$code" 1
has "a file above 16 MiB: the message" "$out" "E0101"

# Ten thousand parentheses: a clear message, soon.
awk 'BEGIN {
    print "event A { x : int }\nalert B { x : int }\nagent a {\n  on A e where "
    for (i = 0; i < 10000; i++) printf "("
    printf "e.x"
    for (i = 0; i < 10000; i++) printf ")"
    print " > 1\n  derive B { x: e.x }\n}"
}' >deep.cep
start=$(date +%s)
cep check deep.cep
is "10,000 parentheses: wrong rules" "$code" 1
has "10,000 parentheses: the message" "$out" "E0116"
if [ $(($(date +%s) - start)) -le 5 ]; then pass "10,000 parentheses: soon"; else fail "10,000 parentheses: soon"; fi

# The text of rules from standard input.
"$CEP" check - <good.cep >"$out" 2>"$err"
is "rules from standard input" "$(cat "$out")" "1 agent, 1 event, no errors"

# A file counts once, under whatever name it comes.
cep check good.cep ./good.cep good.cep
is "a file that is named twice" "$(cat "$out")" "1 agent, 1 event, no errors"

{ printf '\357\273\277'; echo 'use "nowhere.cep"'; } >mark.cep
cep check mark.cep
has "a byte order mark is no column" "$out" "--> mark.cep:1:5"
finish
