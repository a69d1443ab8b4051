# Sourced by the tests of the cluster, behind tap.sh: starts and stops nodes in the test's folder.
#
#   nodes N [OPTION…]     starts nodes n1 … nN that know each other, on sockets in the folder; waits until they are ready
#   at K                  the control address of node K
#   node_stop K SIGNAL    ends one and waits; its exit code is in $code
#   nodes_stop            ends all and waits
#   await WHAT COMMAND…   waits until the command succeeds; fails the test after 20 s
#
# Commands that run beside the test are ended with it.

nodes_n=0
children=
LSAN_OPTIONS=suppressions=$ROOT/tests/cluster/lsan.supp:print_suppressions=0
export LSAN_OPTIONS

nodes_end() {
    for child in $children; do kill -KILL "$child" 2>/dev/null; done
    rm -rf "$work"
}
trap nodes_end EXIT

at() { echo "ipc://$work/control$1"; }

await() {
    what=$1
    shift
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ $tries -ge 400 ]; then
            fail "$what: not within 20 s"
            return 1
        fi
        sleep 0.05
    done
}

is_ready() { grep -q ' is ready' "$work/node$1.out"; }

# node_start K OPTION…
node_start() {
    number=$1
    shift
    "$CEP" node --name "n$number" --control "ipc://$work/control$number" --data "ipc://$work/data$number" "$@" \
        >"$work/node$number.out" 2>"$work/node$number.err" </dev/null &
    eval "node_$number=$!"
    children="$children $!"
}

nodes() {
    nodes_n=$1
    shift
    peers=
    k=1
    while [ $k -le "$nodes_n" ]; do peers="$peers,$(at $k)"; k=$((k + 1)); done
    k=1
    while [ $k -le "$nodes_n" ]; do node_start $k --peers "$peers" "$@"; k=$((k + 1)); done
    k=1
    while [ $k -le "$nodes_n" ]; do await "node $k is ready" is_ready $k; k=$((k + 1)); done
    CEP_NODE=$(at 1)
    export CEP_NODE
}

node_stop() {
    eval "pid=\$node_$1"
    kill "-$2" "$pid"
    wait "$pid"
    code=$?
}

nodes_stop() {
    k=1
    while [ $k -le "$nodes_n" ]; do
        node_stop $k TERM
        [ "$code" = 0 ] || { fail "node $k stops in order: exit code $code"; tail -5 "$work/node$k.err" | note; }
        k=$((k + 1))
    done
}

# through RULES EVENTS NETWORK TOPIC OUT [NODE]: deploys, publishes, subscribes until the end; $code is the first bad one.
through() {
    cep deploy "$1"
    [ "$code" = 0 ] || return 1
    cep publish "$3" "$2" --to "$(at "${6:-1}")"
    [ "$code" = 0 ] || return 1
    timeout 60 "$CEP" subscribe "$4" --replay --until-end >"$5" 2>"$err"
    code=$?
}
