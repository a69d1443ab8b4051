# Sourced by the shell tests: prints TAP.
#
#   cep ARGS…              runs the program; output in $out, messages in $err, exit code in $code
#   is WHAT ACTUAL WANTED  passes when both texts are equal
#   has WHAT FILE TEXT     passes when the file contains the text
#   lacks WHAT FILE TEXT   passes when it does not
#   same WHAT FILE WANTED  passes when two files are equal
#   pass WHAT | fail WHAT  decided by the test itself
#   skip WHAT REASON
#   finish                 ends the test
#
# CEP is the program, ROOT the tree; the test's working folder is $work and is removed at the end.

ROOT=$(cd "$(dirname "$0")/../.." && pwd)
CEP=${CEP:-$ROOT/build/cep}
work=$(mktemp -d "${TMPDIR:-/tmp}/cep-test.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
out=$work/.out
err=$work/.err
count=0
failed=0

cep() {
    "$CEP" "$@" >"$out" 2>"$err" </dev/null
    code=$?
}

pass() {
    count=$((count + 1))
    echo "ok $count - $1"
}

fail() {
    count=$((count + 1))
    failed=$((failed + 1))
    echo "not ok $count - $1"
}

skip() {
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}

# Shows a text as TAP diagnostics.
note() {
    sed 's/^/# /'
}

is() {
    if [ "$2" = "$3" ]; then
        pass "$1"
    else
        fail "$1"
        printf 'got    %s\nwanted %s\n' "$2" "$3" | note
        [ ! -s "$err" ] || head -5 "$err" | note
    fi
}

has() {
    if grep -qF -e "$3" "$2"; then
        pass "$1"
    else
        fail "$1"
        { echo "lacks  $3"; echo "has"; head -10 "$2"; } | note
    fi
}

lacks() {
    if grep -qF -e "$3" "$2"; then
        fail "$1"
        { echo "has  $3"; grep -F -e "$3" "$2" | head -5; } | note
    else
        pass "$1"
    fi
}

same() {
    if diff -u "$3" "$2" >"$work/.diff" 2>&1; then
        pass "$1"
    else
        fail "$1"
        head -40 "$work/.diff" | note
    fi
}

finish() {
    echo "1..$count"
    [ "$failed" = 0 ]
    exit
}
