#!/bin/sh
# Consumers write what they take to files, besides what `cep run` prints.
. "$(dirname "$0")/../tap.sh"
cd "$work" || exit 1

cat >rules.cep <<'RULES'
network desks

event Tx {
  card   : string
  amount : float
  at     : time
  time at
}

event Seen {
  card : string
}

alert Large severity high {
  card   : string
  amount : float
}

alert Odd severity low {
  card : string
}

channel fraud of Large, Odd {
  route    type
  delivery at least once
}

agent seen {
  on     Tx t
  derive Seen { card: t.card }
}

agent large {
  on     Tx t where t.amount > 100
  derive Large { card: t.card, amount: t.amount }
}

agent odd {
  on     Tx t where t.card == "?"
  derive Odd { card: t.card }
}

consumer desk  of fraud where severity >= high to "file:desk.jsonl"
consumer cards of fraud, Seen where card != "b" to "file:cards.jsonl" format cloudevents
RULES
cat >in.jsonl <<'EVENTS'
{"type":"Tx","card":"a","amount":200,"at":"2026-01-01T00:00:00Z"}
{"type":"Tx","card":"b","amount":300,"at":"2026-01-01T00:00:01Z"}
{"type":"Tx","card":"?","amount":1,"at":"2026-01-01T00:00:02Z"}
EVENTS

cep run rules.cep --in in.jsonl
is "exit code" "$code" 0
is "standard output has the alerts" "$(grep -c '"alert"' "$out")" 3
is "and nothing else" "$(grep -c '"event"' "$out")" 0
is "a consumer chooses by severity" "$(sed 's/.*"alert":"\([A-Za-z]*\)".*"card":"\(.\)".*/\1 \2/' desk.jsonl)" "Large a
Large b"
is "and by attributes, and also takes events that are no alerts" \
    "$(sed 's/.*"type":"\([A-Za-z]*\)".*"card":"\(.\)".*/\1 \2/' cards.jsonl)" "Seen a
Large a
Seen ?
Odd ?"
has "CloudEvents" cards.jsonl '{"specversion":"1.0","id":"'
has "CloudEvents name their source" cards.jsonl '"source":"/desks/large","type":"Large","time":"2026-01-01T00:00:00Z","datacontenttype":"application/json","severity":"high","data":{"card":"a","amount":200}}'

cep run rules.cep --in in.jsonl
is "what was there stays" "$(grep -c . desk.jsonl)" 4

sed 's|file:desk.jsonl|file:no/such/folder/desk.jsonl|' rules.cep >wrong.cep
cep run wrong.cep --in in.jsonl
is "a file that cannot be written is told" "$code" 2
has "with its name" "$err" 'consumer `desk`: no/such/folder/desk.jsonl: No such file or directory'
finish
