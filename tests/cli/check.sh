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
cat >wanted <<'EOF'
{"file":"bad.cep","line":7,"col":42,"end":{"line":7,"col":47},"severity":"error","code":"E0203","message":"unknown attribute `amout` of event `Payment`","hint":"did you mean `amount`?","fix":{"line":7,"col":42,"end":{"line":7,"col":47},"text":"amount"}}
{"errors":1,"warnings":0}
EOF
same "diagnostics as JSON" "$out" wanted

cp bad.cep 'bad rules.cep'
cep check --format sarif 'bad rules.cep'
sed 's/"rules":\[[^]]*\]/"rules":[…]/; s/"ruleIndex":[0-9]*/"ruleIndex":N/' "$out" >sarif
cat >wanted <<'EOF'
{"version":"2.1.0","$schema":"https://json.schemastore.org/sarif-2.1.0.json","runs":[{"tool":{"driver":{"name":"cep","rules":[…]}},"columnKind":"unicodeCodePoints","results":[{"ruleId":"E0203","level":"error","ruleIndex":N,"message":{"text":"unknown attribute `amout` of event `Payment`; did you mean `amount`?"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"bad%20rules.cep"},"region":{"startLine":7,"startColumn":42,"endLine":7,"endColumn":47}}}],"fixes":[{"description":{"text":"did you mean `amount`?"},"artifactChanges":[{"artifactLocation":{"uri":"bad%20rules.cep"},"replacements":[{"deletedRegion":{"startLine":7,"startColumn":42,"endLine":7,"endColumn":47},"insertedContent":{"text":"amount"}}]}]}]}]}]}
EOF
same "diagnostics as SARIF" sarif wanted
index=$(sed 's/.*"ruleIndex":\([0-9]*\).*/\1/' "$out")
is "SARIF: ruleIndex counts the rules" \
    "$(grep -o '"id":"[EW][0-9]*"' "$out" | sed -n "$((index + 1))p")" '"id":"E0203"'

# --fix and --diff.
cat >mend.cep <<'EOF'
event A { x : int?  name : string  n : int  at : time  time at }
alert B { x : int  name : string  f : float }
agent first {
  on     A a wher a.nam = "x" && a.x == null;
  derive B { x: a.x, name: name, f: a.n }
}
agent second in last 5 m {
  on     A aa
  detect count(aa) > 3
  match  once
  derive B { x: aa.y, name: "", f: 0 }
}
EOF
cat >wanted <<'EOF'
event A { x : int?  name : string  n : int  at : time  time at }
alert B { x : int  name : string  f : float }
agent first {
  on     A a where a.name == "x" and a.x is null
  derive B { x: a.x ?? 0, name: a.name, f: float(a.n) }
}
agent second in last 5 min {
  on     A aa
  detect count(aa) > 3
  match  once
  derive B { x: aa.y, name: "", f: 0 }
}
EOF
cp mend.cep before.cep
cep check --diff mend.cep
is "--diff: what it cannot mend is still wrong" "$code" 1
same "--diff changes no file" mend.cep before.cep
has "--diff shows the lines" "$out" '+  on     A a where a.name == "x" and a.x is null'
has "--diff: where they stand" "$out" '@@ -4,2 +4,2 @@'
has "--diff: what is left" "$out" 'unknown attribute `y` of event `A`'
is "--diff: the summary" "$(tail -n 1 "$out")" "10 edits, 1 error"
if command -v patch >/dev/null; then
    cp mend.cep patched.cep
    sed '/^error/,$d; s/mend\.cep/patched.cep/' "$out" | patch -s patched.cep
    same "--diff is what patch reads" patched.cep wanted
else
    skip "--diff is what patch reads" "patch is not installed"
fi
cep check --fix --format json mend.cep
same "--fix writes the file" mend.cep wanted
has "--fix shows what it did" "$err" '+agent second in last 5 min {'
is "--fix as JSON: the counts" "$(tail -n 1 "$out")" '{"errors":1,"warnings":0,"edits":10}'
cep check --fix good.cep
is "--fix of good rules: nothing to do" "$(cat "$out")" "1 agent, 1 event, no errors"

cat >two.cep <<'EOF'
event A { acount : int  accounts : int  at : time  time at }
alert B { x : int }
agent first {
  on     A a where a.account > 1 and a.zzz > 1
  derive B { x: now() }
}
EOF
cp two.cep before.cep
cep check --fix two.cep
same "--fix leaves what may be meant otherwise" two.cep before.cep

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
