#!/bin/sh
# What every verb does with wrong usage, and the verbs that need no rules: help, version.
. "$(dirname "$0")/../tap.sh"
cd "$work" || exit 1

cep
is "without a verb: wrong usage" "$code" 2
has "without a verb: the verbs are listed" "$out" "  check "

cep chekc
is "unknown verb: wrong usage" "$code" 2
has "unknown verb: what may be meant" "$err" 'did you mean `check`?'
cep frobnicate
is "a verb like no other: wrong usage" "$code" 2
has "a verb like no other: where to look" "$err" '`cep help` lists them'

cep help
is "help: done" "$code" 0
for verb in check fmt test explain run state bench help version; do
    has "help lists $verb" "$out" "  $verb "
done
cep --help
is "--help is help" "$code" 0
has "--help lists verbs" "$out" "  check "
cep help --json
has "help --json" "$out" '{"verb":"check",'
cep help check
is "help VERB: done" "$code" 0
has "help VERB shows its options" "$out" "--format"
cep help E0110
is "help CODE: done" "$code" 0
has "help CODE explains" "$out" "error[E0110]: "
cep help e0110
is "help CODE in small letters" "$code" 0
cep help E9999
is "help: unknown code" "$code" 2
cep help substr
has "help FUNCTION" "$out" "substr(string, int, int) -> string"
cep help functions
has "help functions" "$out" "distance(point, point) -> float"
has "help functions: aggregates" "$out" "distinct over an alias"
cep help count
is "help of an aggregate" "$code" 0
has "help of an aggregate says what it computes" "$out" "how many events"
cep help functions --json
has "help functions --json" "$out" '{"function":"abs","arguments":["int"],"result":"int",'
cep help chekc
is "help: unknown verb" "$code" 2

cep version
is "version: done" "$code" 0
has "version names the program" "$out" "cep "
has "version names the libraries" "$out" "simdjson"
cep version --json
has "version --json" "$out" '"libraries":{'
cep --version
is "--version is version" "$code" 0

for verb in check fmt test explain run; do
    cep $verb
    is "$verb without a file: wrong usage" "$code" 2
    cep $verb --no-such-option
    is "$verb with an unknown option: wrong usage" "$code" 2
    cep $verb missing.cep
    is "$verb of a missing file: wrong usage" "$code" 2
    has "$verb of a missing file says so" "$err" "missing.cep: No such file or directory"
    cep $verb "$work"
    is "$verb of a folder: wrong usage" "$code" 2
    has "$verb of a folder says so" "$err" "Is a directory"
    cep $verb --help
    is "$verb --help: done" "$code" 0
done
finish
