#!/bin/sh
# `cep state` and `cep run --state` with a real Redis, on a Unix socket in the test's folder.
. "$(dirname "$0")/../tap.sh"
cd "$work" || exit 1
if ! command -v redis-server >/dev/null 2>&1 || ! command -v redis-cli >/dev/null 2>&1; then
    echo "1..0 # SKIP redis-server is not installed"
    exit 0
fi

servers=
ran=
trap 'for pid in $servers $ran; do kill -9 "$pid" 2>/dev/null; done; rm -rf "$work"' EXIT

# until_true SECONDS COMMAND…: runs it again and again until it succeeds; fails after so long.
until_true() {
    tries=$(($1 * 50))
    shift
    while ! "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.02
    done
}

# start_redis NAME OPTION…: the server on NAME.sock; its pid in $redis.
start_redis() {
    name=$1
    shift
    redis-server --port 0 --unixsocket "$work/$name.sock" --save '' --appendonly no --dir "$work" "$@" >"$work/$name.log" 2>&1 7>&- &
    redis=$!
    servers="$servers $redis"
    until_true 30 sh -c "redis-cli -s '$work/$name.sock' PING | grep -q ."
}

stop_redis() {
    kill -9 "$1"
    wait "$1" 2>/dev/null
}

cli() {
    redis-cli -s "$work/r.sock" "$@" 2>"$work/.cli"
}

start_redis r --enable-debug-command yes || { fail "redis-server starts"; finish; }
redis_r=$redis
store=redis+unix:$work/r.sock

cat >rules.cep <<'RULES'
network state

event Login as "login" {
  user : string
  at   : time in s
  time at
}

table Account key id {
  id    : string
  class : string = "user"
  risk  : float?
}

table Stock key shop, item {
  shop : string
  item : int
  left : int
}

alert Seen {
  user  : string
  class : string?
}

agent seen {
  on     Login l
  enrich Account a by l.user
  derive Seen { user: l.user, class: a.class }
}
RULES
printf 'id,class,risk\nann,user,0.5\nbob,admin,\n' >accounts.csv
printf 'shop,item,left\na:b,7,1\na%%,8,2\n' >stock.csv

# seen FILE: what the alerts say.
seen() { sed 's/.*"data":{"user":"\([a-z]*\)","class":"*\([a-z]*\).*/\1=\2/' "$1" | tr '\n' ' '; }

# ── Every verb ──

cep state list --state "$store"
is "an empty store: no tables" "$code $(cat "$out")" "0 "
cep state list Account --state "$store"
is "an empty store: no such table" "$code" 1
cep state list Account --rules rules.cep --state "$store"
is "an empty table" "$code $(cat "$out")" "0 "
cep state load Account accounts.csv --rules rules.cep --state "$store"
is "load: done" "$code" 0
has "load says what it did" "$err" "table Account: 2 rows, 0 rejected"
cep state list --state "$store"
is "list: tables" "$(cat "$out")" "Account	2"
cep state list --json --state "$store"
is "list --json" "$(cat "$out")" '{"table":"Account","rows":2}'
cep state list Account --state "$store"
is "list TABLE: rows" "$(cat "$out")" '{"id":"ann","class":"user","risk":0.5}
{"id":"bob","class":"admin"}'
cep state get Account bob --state "$store"
is "get: the row" "$code $(cat "$out")" '0 {"id":"bob","class":"admin"}'
cep state get Account zoe --state "$store"
is "get of no row" "$code" 1
cep state set Account id=bob class=user risk=2 --state "$store"
is "set: done" "$code" 0
is "set: in Redis" "$(cli HGET cep:Account:bob risk)" 2
cep state set Account id=bob risk= --state "$store"
is "set to nothing: no field" "$(cli HEXISTS cep:Account:bob risk)" 0
cep state set Account id=cid --state "$store"
is "an insert without rules lacks a column" "$code" 1
has "an insert without rules: which column" "$err" 'needs column `class`'
cep state set Account id=cid --rules rules.cep --json --state "$store"
is "an insert with rules has the default" "$code $(cat "$out") $(cli HGET cep:Account:cid class)" \
    '0 {"table":"Account","inserted":true} user'
cep state set Account id=cid risk=much --state "$store"
is "set: a value of another type" "$code" 1
has "set: what is expected" "$err" 'column `risk`: expected a number, got much'
cep state set Account id=cid colour=red --state "$store"
is "set: no such column" "$code" 1
cep state set Account class=user --state "$store"
has "set without a key" "$err" 'give the key: id=VALUE'
cep state set Account id --state "$store"
is "set without a value" "$code" 2
cep state del Account cid --state "$store"
is "del: done" "$code $(cli EXISTS cep:Account:cid)" "0 0"
cep state del Account cid --state "$store"
is "del of no row" "$code" 1
cep state get Account a b --state "$store"
is "a key of too many parts" "$code" 2
cep state load Stock stock.csv --rules rules.cep --state "$store"
is "a key of two columns" "$(cli EXISTS cep:Stock:a%3Ab:7 cep:Stock:a%25:8)" 2
cep state list Stock --state "$store"
is "a key of two columns: list" "$(cat "$out")" '{"shop":"a%","item":8,"left":2}
{"shop":"a:b","item":7,"left":1}'
cep state get Stock a:b 7 --state "$store"
is "a key of two columns: get" "$(cat "$out")" '{"shop":"a:b","item":7,"left":1}'
cep state load Account accounts.csv --rules rules.cep --state "$store"
cep state list --state "$store"
is "a second load gives the same" "$(cat "$out")" "Account	2
Stock	2"

# ── Bad input ──

printf 'id,class\neve,user\nbad\n' >bad.csv
cep state load Account bad.csv --rules rules.cep --state "$store"
is "load with a bad row" "$code" 1
has "load with a bad row: its place" "$err" "bad.csv:3: rejected: 1 fields, where the header line has 2"
is "load with a bad row: the others are there, the old ones are gone" "$(cli KEYS 'cep:Account:*')" cep:Account:eve
cep state load Account missing.csv --rules rules.cep --state "$store"
is "load of a missing file" "$code" 2
is "load of a missing file: nothing changed" "$(cli KEYS 'cep:Account:*')" cep:Account:eve
cep state list --state redis://
is "an address without a host" "$code" 2
cep state list --state "mongo://x"
is "no such kind of store" "$code" 2
has "no such kind of store: there are" "$err" "redis+unix:SOCKET"
cep state list --state "redis://u:secret@h"
is "a password in the address" "$code" 2
has "a password in the address: refused" "$err" 'write ${NAME}'
lacks "a password in the address: not printed" "$err" secret
cep state list --state 'redis://u:${NO_SUCH_NAME}@h'
is "a name that the environment lacks" "$code" 2
cep state list --state "redis+unix:$work/nobody.sock"
is "nobody there" "$code" 3
cep run rules.cep --in logins.jsonl --state "redis+unix:$work/nobody.sock"
is "a run with nobody there" "$code" 3
has "a run with nobody there: said" "$err" "No such file or directory"

cli SET cep:Account:text hello >/dev/null
cep state get Account text --state "$store"
is "a key that is no hash" "$code" 3
has "a key that is no hash: said" "$err" "key cep:Account:text: it is no hash"
cep state list Account --state "$store"
is "a key that is no hash: list" "$code $(cat "$out")" '0 {"id":"eve","class":"user"}'
has "a key that is no hash: list says so" "$err" "passed over: key cep:Account:text: it is no hash"
cli DEL cep:Account:text >/dev/null
printf '\377\376' | cli -x HSET cep:Account:bin class >/dev/null
cep state get Account bin --state "$store"
has "bytes that are no text" "$err" 'column `class`: not UTF-8'
cli DEL cep:Account:bin >/dev/null
head -c 2000000 /dev/zero | tr '\0' x | cli -x HSET cep:Account:huge class >/dev/null
cep state get Account huge --state "$store"
has "a huge value" "$err" "longer than 1 MiB"
cli DEL cep:Account:huge >/dev/null
long=$(head -c 70000 /dev/zero | tr '\0' k)
cep state get Account "$long" --state "$store"
is "a huge key has no row" "$code" 1

# ── Rights ──

start_redis p --requirepass hush
cep state list --state "redis+unix:$work/p.sock"
is "no password" "$code" 3
has "no password: said" "$err" "it wants a password"
PW=wrong cep state list --state "redis+unix:$work/p.sock?password="'${PW}'
is "a wrong password" "$code" 3
lacks "a wrong password: not printed" "$err" wrong
PW=hush
export PW
cep state list --state "redis+unix:$work/p.sock?password="'${PW}'
is "a password of the environment" "$code" 0
echo hush >secret
cep state list --state "redis+unix:$work/p.sock?password-file=secret"
is "a password of a file" "$code" 0
cep state list --state "redis+unix:$work/p.sock?password-file=nothing"
is "a password file that is not there" "$code" 2
redis-cli -s "$work/p.sock" -a hush ACL SETUSER reader on '>look' '~*' '&*' +@all -@write +eval >/dev/null 2>&1
PW=look cep state set Account id=x class=y --rules rules.cep --state "redis+unix:$work/p.sock?user=reader&password="'${PW}'
is "a user who may only read: set" "$code" 3
has "a user who may only read: said" "$err" "permission"
stop_redis "$redis"
cli CONFIG SET maxmemory 1 >/dev/null
cep state set Account id=x class=y --rules rules.cep --state "$store"
is "a Redis without memory" "$code" 3
has "a Redis without memory: said" "$err" "OOM"
cli CONFIG SET maxmemory 0 >/dev/null

# ── Killed in the middle ──

awk 'BEGIN { print "id,class"; for (i = 0; i < 100000; i++) printf "u%d,new\n", i }' >large.csv
printf 'id,class\na,old\nb,old\n' >small.csv
torn=0
for delay in 0.02 0.05 0.1 0.15 0.2 0.3; do
    cep state load Account small.csv --rules rules.cep --state "$store"
    "$CEP" state load Account large.csv --rules rules.cep --state "$store" >/dev/null 2>&1 &
    pid=$!
    sleep $delay
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    rows=$("$CEP" state list --state "$store" | sed -n 's/^Account	//p')
    [ "$rows" = 2 ] || [ "$rows" = 100,000 ] || torn=$((torn + 1))
done
is "killed loads leave no torn table" "$torn" 0
cep state load Account accounts.csv --rules rules.cep --state "$store"

# ── watch, of both stores ──

# watched STORE WHAT
watched() {
    rm -f changes ready
    "$CEP" state watch Account --state "$1" >changes 2>ready &
    watcher=$!
    ran="$ran $watcher"
    until_true 30 grep -qs watching ready
    cep state set Account id=dan class=new --state "$1"
    until_true 30 grep -q '"dan"' changes
    cep state del Account dan --state "$1"
    until_true 30 grep -q delete changes
    kill -INT "$watcher"
    wait "$watcher"
    is "watch of $2: what it printed" "$? $(cat changes)" '0 {"change":"set","table":"Account","row":{"id":"dan","class":"new"}}
{"change":"delete","table":"Account","key":{"id":"dan"}}'
}
watched "$store" Redis
cep state load Account accounts.csv --rules rules.cep --state data
watched data "a data directory"

rm -f changes ready
"$CEP" state watch Account --state "$store" >changes 2>ready &
watcher=$!
ran="$ran $watcher"
until_true 30 grep -qs watching ready
cli CLIENT KILL TYPE pubsub >/dev/null
until_true 30 grep -q gap changes
has "watch: a connection that breaks is a gap" changes '"change":"gap"'
until_true 30 sh -c "[ \"\$(redis-cli -s '$work/r.sock' CLIENT LIST TYPE pubsub | grep -c __)\" -ge 0 ] && redis-cli -s '$work/r.sock' HSET cep:Account:ann class more && grep -q more changes"
has "watch: and goes on" changes '"class":"more"'
kill -INT "$watcher"
wait "$watcher"

# ── A run ──

for user in ann bob cid; do
    echo "{\"type\":\"login\",\"user\":\"$user\",\"at\":1}"
done >logins.jsonl
cli HSET cep:Account:ann class gold >/dev/null
cep run rules.cep --in logins.jsonl --state "$store"
is "a run reads Redis" "$code $(seen "$out")" "0 ann=gold bob=admin cid=null "
cep run rules.cep --in logins.jsonl --state data
is "a run reads the data directory" "$code $(seen "$out")" "0 ann=user bob=admin cid=null "

sed 's/table Account key id {/table Account key id from redis "acct:{id}" {/' rules.cep >mapped.cep
cli HSET acct:bob class silver >/dev/null
cep run mapped.cep --in logins.jsonl --state "$store"
is "hashes of somebody else" "$code $(seen "$out")" "0 ann=null bob=silver cid=null "
cep run mapped.cep --in logins.jsonl
is "a table in Redis without a store" "$code" 2
has "a table in Redis without a store: said" "$err" "--state redis://HOST"
cep state load Account accounts.csv --rules mapped.cep --state "$store"
is "hashes of somebody else are not replaced" "$code" 3
cep state set Account id=cid class=new --rules mapped.cep --state "$store"
is "hashes of somebody else can be set" "$code $(cli HGETALL acct:cid | tr '\n' ' ')" "0 class new "
cli SET acct:ann text >/dev/null
cep run mapped.cep --in logins.jsonl --state "$store" --errors errors
is "a key that is no hash: null" "$code $(seen "$out")" "0 ann=null bob=silver cid=new "
has "a key that is no hash: a rejection" errors '"reason":"table row","detail":"table `Account`: key acct:ann: it is no hash"'

# ── A run while things happen: events come through a pipe, answers are waited for ──

# begin_run OPTION…; send USER; then the alert number N is there.
begin_run() {
    rm -f pipe
    mkfifo pipe
    rm -f said
    : >alerts
    "$CEP" run rules.cep --in pipe --state "$store" --errors errors "$@" >alerts 2>said &
    run=$!
    ran="$ran $run"
    exec 7>pipe
    sent=0
}
send() {
    sent=$((sent + 1))
    echo "{\"type\":\"login\",\"user\":\"$1\",\"at\":$sent}" >&7
    until_true 60 sh -c "[ \$(wc -l <alerts) -ge $sent ]" || fail "alert $sent comes"
    last=$(tail -n 1 alerts | sed 's/.*"class":"*\([a-z]*\).*/\1/')
}
end_run() {
    exec 7>&-
    wait "$run"
    code=$?
}

# Redis tells of a change a moment after it: what is sent again and again sees it.
sees() {
    send "$1"
    [ "$last" = "$2" ]
}

begin_run
send ann
is "running: a row" "$last" gold
cli HSET cep:Account:ann class other >/dev/null
until_true 10 sees ann other
is "running: a changed row" "$last" other
send dora
is "running: a row that is missing" "$last" null
cep state set Account id=dora class=late --state "$store"
until_true 10 sees dora late
is "running: a row that was missing" "$last" late
cli DEL cep:Account:dora >/dev/null
until_true 10 sees dora null
is "running: a deleted row" "$last" null
cli CLIENT KILL TYPE pubsub >/dev/null
cli HSET cep:Account:ann class fresh >/dev/null
until_true 10 sees ann fresh
is "running: the connection of news was killed, the change is seen" "$last" fresh
cli FLUSHALL >/dev/null
until_true 10 sees ann null
is "running: all was deleted" "$last" null
end_run
is "running: the end" "$code" 0
lacks "running: nothing was read in vain" said "table unavailable"

cep state load Account accounts.csv --rules rules.cep --state "$store"
begin_run --state-wait "300 ms"
send bob
is "away: before" "$last" admin
stop_redis "$redis_r"
until_true 10 sees bob null
is "away: no row" "$last" null
has "away: said at once" said "look-ups wait 0.3 s, then find no row"
has "away: a rejection" errors '"reason":"table unavailable"'
send ann
is "away: still" "$last" null
start_redis r --enable-debug-command yes
until_true 10 sees bob null
is "back: it came back empty" "$last" null
cep state load Account accounts.csv --rules rules.cep --state "$store"
until_true 10 sees bob admin
is "back: rows again" "$last" admin
end_run
is "back: the end" "$code" 0
has "back: said" said "is back after"
has "back: in the summary" said "keys were read in vain"
is "back: each time it was said once" "$(grep -c 'look-ups wait' said)" 1

cep state load Account accounts.csv --rules rules.cep --state "$store"
begin_run --state-wait "200 ms"
send bob
redis-cli -s "$work/r.sock" DEBUG SLEEP 2 >/dev/null 2>"$work/.cli" 7>&- &
sleeper=$!
until_true 10 sees zed null
until_true 10 grep -q "no answer in time" said
has "slow: it is away when it does not answer in time" said "no answer in time"
wait "$sleeper"
until_true 10 sees bob admin
is "slow: back" "$last" admin
end_run
is "slow: the end" "$code" 0
finish
