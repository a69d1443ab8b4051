#!/bin/sh
# cep fmt
. "$(dirname "$0")/../tap.sh"
cd "$work" || exit 1

cat >ugly.cep <<'EOF'
# what this is
event Payment{card:string
amount : float  at:time
   time at}
alert Large{card:string}
agent large{on Payment p where p.amount>100 # much
derive Large{card:p.card}}
EOF
cp ugly.cep before.cep

cep fmt --check ugly.cep
is "--check of a file that would change" "$code" 1
is "--check names it" "$(cat "$out")" ugly.cep
same "--check changes nothing" ugly.cep before.cep
cep fmt --check --json ugly.cep
is "--check --json" "$(cat "$out")" '["ugly.cep"]'

cep fmt --stdout ugly.cep
is "--stdout: done" "$code" 0
has "--stdout prints the layout" "$out" "event Payment {"
has "comments stay" "$out" "# what this is"
has "comments at the end of a line stay" "$out" "# much"
same "--stdout changes nothing" ugly.cep before.cep
cp "$out" wanted

chmod 640 ugly.cep
cep fmt ugly.cep
is "in place: done" "$code" 0
is "in place: the changed file is named" "$(cat "$out")" ugly.cep
same "in place: as --stdout" ugly.cep wanted
is "in place: the mode stays" "$(stat -c %a ugly.cep)" 640
is "in place: nothing is left behind" "$(ls)" "$(printf 'before.cep\nugly.cep\nwanted')"

cep fmt ugly.cep
is "again: done" "$code" 0
is "again: nothing changes" "$(cat "$out")" ""
cep fmt --check ugly.cep
is "--check of a file in order" "$code" 0

"$CEP" fmt - <before.cep >"$out" 2>"$err"
is "standard input: done" "$?" 0
same "standard input to standard output" "$out" wanted

printf 'event A {\n' >broken.cep
cp broken.cep broken.before
cep fmt broken.cep
is "a file with mistakes: wrong rules" "$code" 1
has "a file with mistakes: the mistake" "$err" "error[E0"
same "a file with mistakes stays" broken.cep broken.before

ln -s before.cep link.cep
cep fmt link.cep
is "a link: done" "$code" 0
if [ -L link.cep ]; then pass "a link stays a link"; else fail "a link stays a link"; fi
same "a link: its file changes" before.cep wanted

cep check wanted
is "the layout is still a rule file" "$code" 0

# The rule files of the tree itself.
cep fmt --check "$ROOT"/examples/*/*.cep "$ROOT"/tests/golden/*.cep "$ROOT"/tests/bench/*.cep "$ROOT"/tests/real/*.cep
is "every rule file of the tree is in the layout" "$(cat "$out")" ""
finish
