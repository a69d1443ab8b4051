#!/bin/sh
# cep explain
. "$(dirname "$0")/../tap.sh"
cd "$work" || exit 1

cat >t.cep <<'EOF'
network demo
param limit : int = 3
event Failed { user : string  ip : string  kind : string  at : time  time at }
event Passed { user : string  ip : string  at : time  time at }
table Account key user { user : string  owner : string }
alert Burst { ip : string  n : int }
alert Breach severity critical { user : string  owner : string?  n : int }
agent burst in by ip, last 1 min {
  on     Failed f where f.kind == "ssh" and f.user != "root"
  detect count(f) > limit
  derive Burst { ip: f.ip, n: count(f) }
  quiet  10 min
}
agent breach in by user {
  on     Failed f
  on     Passed p
  detect f{3,} -> p where p.ip == f[last].ip within 10 min
  enrich Account a by p.user
  derive Breach { user: p.user, owner: a.owner, n: count(f) }
}
EOF
cep explain t.cep
is "done" "$code" 0
has "the network" "$out" "network demo"
has "an agent, with its place" "$out" "agent burst  (t.cep:8)"
has "its kind" "$out" "threshold: "
has "its contexts" "$out" "a partition for each ip"
has "what is trailing" "$out" "the last 1 min"
has "the condition, params put in" "$out" "count(f) > 3"
has "the equality index" "$out" 'equality on Failed.kind, for "ssh"'
has "the column kernel" "$out" 'a column at a time: f.user != "root"'
has "defaults are marked" "$out" "(default)"
has "quiet" "$out" "for 10 min after an alert, per partition"
has "the sequence" "$out" "f{3,} -> p within 10 min"
has "the table" "$out" "Account as a"
has "what bounds the state" "$out" "bound"
has "the graph" "$out" "Failed -> burst -> Burst"

cep explain t.cep breach
has "one agent" "$out" "agent breach"
lacks "one agent: not the other" "$out" "agent burst"
cep explain t.cep breech
is "an unknown agent: wrong usage" "$code" 2
has "an unknown agent: what is meant" "$err" 'did you mean `breach`?'
cep explain --param limit=7 t.cep burst
has "a param from outside" "$out" "count(f) > 7"
cep explain --graph dot t.cep
has "the graph for Graphviz" "$out" '"Failed" -> "agent burst";'
cep explain --graph text t.cep
is "the graph alone" "$(head -1 "$out")" "graph"
cep explain --graph svg t.cep
is "an unknown graph: wrong usage" "$code" 2
cep explain --code t.cep
has "compiled expressions" "$out" "code"
cep explain --json t.cep
has "JSON" "$out" '{"name":"detect","text":"count(f) > 3"}'

# Expressions are written as in rules, whatever they were compiled to.
cat >e.cep <<'EOF'
network e
event A { u : string  ip : string  n : int?  at : time  time at }
event B { u : string  n : int  at : time  time at }
table T key u { u : string  v : int }
alert C { w : string  v : int }
agent one {
  on     A a where not (a.u starts with "x" ignoring case or a.u matches /y$/i) and hour(a.at, "Europe/Lisbon") < 6 and -((a.n ?? 0) - 3) * 2 < 7
  derive C { w: if a.n is null then "none" else concat(a.u, "!"), v: T[a.u].v ?? 1 }
}
agent two {
  on     A a where a.u in ["a", "b"] or a.ip in cidr("10.0.0.0/8")
  expect B b where b.n > a.n within 5 min since a.at - 1 min
  otherwise derive C { w: a.u, v: 1 }
}
EOF
cep explain e.cep
has "not, or, strings, zones" "$out" \
    'not (a.u starts with "x" ignoring case or a.u matches /y$/i) and hour(a.at, "Europe/Lisbon") < 6 and -((a.n ?? 0) - 3) * 2 < 7'
has "if" "$out" 'if a.n is null then "none" else a.u + "!"'
has "tables" "$out" 'T[a.u].v ?? 1'
has "sets and networks of addresses" "$out" 'a.u in ["a", "b"] or a.ip in cidr("10.0.0.0/8")'
has "what needs both events is evaluated for each" "$out" 'for each event alone: b.n > a.n'
has "since" "$out" 'within 5 min since a.at - 1 min'

# A value that is used twice again and again does not grow without end.
awk 'BEGIN {
    print "event A { n : int }\nalert B { n : int }\nagent a {\n  on A a\n  let x0 = a.n + 1"
    for (i = 1; i <= 60; i++) printf "  let x%d = x%d * x%d + x%d\n", i, i - 1, i - 1, i - 1
    print "  derive B { n: x60 }\n}"
}' >deep.cep
timeout 20 "$CEP" explain deep.cep >"$out" 2>"$err"
if [ "$?" -le 1 ] && [ "$(wc -c <"$out")" -lt 100000 ]; then pass "shared values are cut"; else fail "shared values are cut"; fi

cat >interval.cep <<'EOF'
time occurrence lateness 5 s idle after 3 s late drop
event A { n : int  due : time  at : time  time at }
event B { n : int  at : time  time at }
alert C { n : int }
agent c in from A a to B b for at most 1 h since a.due {
  on     B x
  derive C { n: count(x) }
}
EOF
cep explain interval.cep
has "the clock, as it is written" "$out" "lateness 5 s, late events: drop, an input idle after 3 s"
has "what an interval counts from" "$out" "for at most 1 h since a.due"
finish
