#!/bin/sh
# Runs every suite of the tree against a build, adds up their TAP, and prints "N passed, N failed, N skipped".
#
#   tests/driver.sh OUT [TEXT]     OUT = the build folder; only suites whose name contains TEXT
#
# A suite is any program that prints TAP: the unit tests, tests/*/run, tests/cli/*.sh, `cep test` on the
# examples. One that ends badly without saying which test failed, or that runs another number of tests than
# it planned, counts as one failure. More skipped tests than tests/skips.txt names is a failure too.

cd "$(dirname "$0")/.." || exit 1
case $1 in
'') echo "usage: tests/driver.sh OUT [TEXT]" >&2; exit 2 ;;
/*) built=$1 ;;
*)  built=$PWD/$1 ;;
esac
only=$2
suite_seconds=900 # one that hangs is ended and counts as failed
CEP=$built/cep
CMOCKA_MESSAGE_OUTPUT=tap
UBSAN_OPTIONS=print_stacktrace=1
unset CMOCKA_XML_FILE
export CEP CMOCKA_MESSAGE_OUTPUT UBSAN_OPTIONS

work=$(mktemp -d "${TMPDIR:-/tmp}/cep-tests.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
: >"$work/counts"
: >"$work/skipped"

# suite NAME COMMAND…
suite() {
    name=$1
    shift
    case $name in *"$only"*) ;; *) return ;; esac
    timeout -k 10 "$suite_seconds" "$@" >"$work/tap" 2>"$work/err" </dev/null
    code=$?
    awk -v name="$name" -v code="$code" -v skipped="$work/skipped" -v counts="$work/counts" '
        /^[ \t]*1\.\.[0-9]+/ {
            line = $0
            sub(/^[ \t]*1\.\./, "", line)
            planned += line + 0
            has_plan = 1
            if (line + 0 == 0) {
                skip++
                print name >> skipped
                sub(/^[^#]*# *[Ss][Kk][Ii][Pp]([Pp][Ee][Dd])?:? */, "")
                print "  skipped: " $0
            }
            next
        }
        /^[ \t]*not ok/ { fail++; ran++; showing = 1; print "  " $0; next }
        /^[ \t]*ok/ {
            ran++; showing = 0
            if (tolower($0) ~ /# *skip/) {
                skip++
                text = $0
                sub(/^[ \t]*ok *[0-9]* *-? */, "", text)
                sub(/ *# *[Ss][Kk][Ii][Pp].*/, "", text)
                print name ": " text >> skipped
                print "  " $0
            } else
                pass++
            next
        }
        showing && /^[ \t]*#/ { print "  " $0 }
        END {
            if (code != 0 && fail == 0) { fail++; print "  not ok - ended with status " code }
            else if (!has_plan || (planned != ran && planned > 0)) {
                fail++
                print "  not ok - planned " planned + 0 " tests and ran " ran + 0
            }
            print pass + 0, fail + 0, skip + 0 >> counts
            printf "%s %s: %d passed%s%s\n", fail ? "FAILED" : "ok    ", name, pass, \
                fail ? ", " fail " failed" : "", skip ? ", " skip " skipped" : ""
        }' "$work/tap" >"$work/report"
    tail -n 1 "$work/report"
    sed '$d' "$work/report"
    if grep -q '^FAILED' "$work/report"; then
        tail -n 30 "$work/err" | sed 's/^/  # /'
    fi
}

for binary in "$built"/unit/*; do
    [ -x "$binary" ] && suite "unit/${binary##*/}" "$binary"
done
for script in tests/*/run; do
    [ -x "$script" ] && suite "${script#tests/}" "$script"
done
for script in tests/cli/*.sh; do
    suite "cli/${script##*/}" sh "$script"
done
for rules in examples/*/*.cep; do
    [ -f "$rules" ] && suite "$rules" "$CEP" test "$rules"
done

# What was skipped, less what may be.
unlisted=$(sort "$work/skipped" | grep -vxF -f tests/skips.txt)
if [ -n "$unlisted" ]; then
    echo "skipped without being listed in tests/skips.txt:"
    echo "$unlisted" | sed 's/^/  /'
fi

awk '{ pass += $1; fail += $2; skip += $3 }
     END { printf "%d passed, %d failed, %d skipped\n", pass, fail, skip; exit fail > 0 || pass == 0 }' "$work/counts" &&
    [ -z "$unlisted" ]
