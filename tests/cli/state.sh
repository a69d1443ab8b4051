#!/bin/sh
# `cep state`: tables in a data directory, and `cep run --state` reading them.
. "$(dirname "$0")/../tap.sh"
cd "$work" || exit 1

cat >rules.cep <<'RULES'
network state

event Login as "login" {
  user : string
  at   : time in s
  time at
}

table Account key id from csv "accounts.csv" {
  id    : string
  class : string
}

alert Seen {
  user  : string
  class : string
}

agent seen {
  on     Login l
  enrich Account a by l.user or drop
  derive Seen { user: l.user, class: a.class }
}
RULES
printf 'id,class\nann,user\nbob,user\n' >accounts.csv
printf 'id,class\nbob,admin\ncid,guest\n' >more.csv
for user in ann bob cid dan; do
    echo "{\"type\":\"login\",\"user\":\"$user\",\"at\":1}"
done >logins.jsonl

seen() { sed 's/.*"data":{"user":"\([a-z]*\)","class":"\([a-z]*\)".*/\1=\2/' "$out" | tr '\n' ' '; }

cep run rules.cep --in logins.jsonl
is "the file of the rules is read" "$code $(seen)" "0 ann=user bob=user "

cep state load Account more.csv --rules rules.cep --state data
is "load: done" "$code" 0
has "load says what it did" "$err" "table Account: 2 rows, 0 rejected"
cep run rules.cep --in logins.jsonl --state data
is "the store lies over the file" "$code $(seen)" "0 ann=user bob=admin cid=guest "

cep state list --state data
is "list: tables" "$(cat "$out")" "Account	2"
cep state list Account --state data
is "list TABLE: rows" "$(cat "$out")" '{"id":"bob","class":"admin"}
{"id":"cid","class":"guest"}'
cep state get Account bob --state data
is "get: the row" "$code $(cat "$out")" '0 {"id":"bob","class":"admin"}'
cep state get Account zoe --state data
is "get of no row: exit code" "$code" 1
cep state del Account bob --state data
is "del: done" "$code" 0
cep state get Account bob --state data
is "del: the row is gone" "$code" 1
cep state get Nobody x --state data
is "get of no table" "$code" 1

printf 'id,class\neve,user\nbad\n' >bad.csv
cep state load Account bad.csv --rules rules.cep --state data
is "load with a bad row: exit code" "$code" 1
has "load with a bad row: its place" "$err" "bad.csv:3: rejected: 1 fields, where the header line has 2"
cep state list Account --state data
is "load with a bad row: the others are there" "$(cat "$out")" '{"id":"eve","class":"user"}'
cep state load Account missing.csv --rules rules.cep --state data
is "load of a missing file: exit code" "$code" 2
has "load of a missing file: nothing changed" "$err" "the table is as it was"
cep state load Nobody bad.csv --rules rules.cep --state data
is "load of a table that the rules lack" "$code" 2
cep state load Account bad.csv --state data
is "load without rules" "$code" 2
cep state list
is "without a directory: wrong usage" "$code" 2
cep state list --state nowhere
is "a directory that is not there" "$code" 3
cep run rules.cep --in logins.jsonl --state nowhere
is "a run with a directory that is not there" "$code" 3
has "a run with a directory that is not there: said" "$err" "there is no such directory"
: >empty.csv
cep state list Account --state data
mv "$out" before
cep state load Account empty.csv --rules rules.cep --state data
if [ "$code" -gt 0 ]; then pass "a csv file without a header line"; else fail "a csv file without a header line"; fi
has "a csv file without a header line: said" "$err" "no header line"
cep state list Account --state data
same "a csv file without a header line: the table stays" "$out" before
mkdir full && : >full/letter
cep state load Account more.csv --rules rules.cep --state full
is "a directory with other files" "$code" 3
has "a directory with other files: the reason" "$err" "holds other files"

# kill -9 in the middle of a load leaves the old table or the new one.
awk 'BEGIN { print "id,class"; for (i = 0; i < 300000; i++) printf "u%d,new\n", i }' >large.csv
printf 'id,class\na,old\nb,old\n' >small.csv
torn=0
killed=0
for delay in 0.02 0.05 0.1 0.15 0.2 0.3 0.4; do
    cep state load Account small.csv --rules rules.cep --state data
    "$CEP" state load Account large.csv --rules rules.cep --state data >/dev/null 2>&1 &
    pid=$!
    sleep $delay
    kill -9 $pid 2>/dev/null && killed=$((killed + 1))
    wait $pid 2>/dev/null
    cep state list --state data
    rows=$(cut -f 2 "$out")
    [ "$rows" = 2 ] || [ "$rows" = 300,000 ] || torn=$((torn + 1))
done
is "killed loads leave no torn table ($killed killed)" "$torn" 0
finish
