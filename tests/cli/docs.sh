#!/bin/sh
# The documentation: every ```cep block is a rule file in the one layout that passes `cep check` and its own tests;
# every ```console block prints what the page shows; every verb has its section; every link leads to a file. A block
# that is meant to be refused begins with "# refused". The blocks of a page are run in order, in a folder of its own.
. "$(dirname "$0")/../tap.sh"
cd "$ROOT" || exit 1
PATH=$(dirname "$CEP"):$PATH
export PATH

pages=$(find . -name '*.md' -not -path './build/*' -not -path './.git/*' | sort)

run_rules() {
    cep check "$1"
    if head -1 "$1" | grep -q '^# refused'; then
        is "$2 is refused" "$code" 1
        return
    fi
    is "$2 passes" "$code" 0
    [ "$code" = 0 ] || note <"$out"
    cep fmt --check "$1"
    is "$2 is laid out" "$code" 0
    if grep -q '^test ' "$1"; then
        cep test "$1"
        is "$2: its tests pass" "$code" 0
        [ "$code" = 0 ] || grep -v '^ok' "$out" | note
    fi
}

# Each command of a console block, by the shell, as one would type it.
run_console() {
    for command in "$1"-*.command; do
        (cd "$work/folder" && sh "$command" >"$work/printed" 2>&1 </dev/null)
        if awk -f "$ROOT/tests/like.awk" "${command%.command}.wanted" "$work/printed" >"$work/difference"; then
            pass "$2: $(head -n 1 "$command" | cut -c1-60)"
        else
            fail "$2: $(head -n 1 "$command" | cut -c1-60)"
            note <"$work/difference"
        fi
    done
}

for page in $pages; do
    rm -rf "$work/blocks" "$work/folder"
    mkdir "$work/blocks" "$work/folder"
    : >"$work/blocks/plan"
    awk -v folder="$work/blocks" -f tests/docs.awk "$page"
    while read -r kind file name; do
        what="${page#./} block $(basename "$file" .cep)"
        [ -z "$name" ] || cp "$file" "$work/folder/$name"
        case $kind in
        rules)   run_rules "$file" "$what" ;;
        console) run_console "$file" "$what" ;;
        esac
    done <"$work/blocks/plan"
done

for verb in $(sed -n 's/^VERB(\([a-z]*\),.*/\1/p' cep/cmd/verbs.def); do
    has "commands.md has a section for $verb" docs/reference/commands.md "## cep $verb"
done

# The page of metrics has a row for each row of metrics.def, with its type and label, in the same order, and no other.
sed -n 's/^X([A-Z_]*, *\([A-Z]*\), *"\([a-z_]*\)", *\(NULL\|"[a-z]*"\),.*/\2 \1 \3/p' cluster/metrics.def |
    sed 's/COUNTER/counter/; s/GAUGE/gauge/; s/ NULL$/ -/; s/"//g' >"$work/rows"
sed -n 's/^| `\(cep_[a-z_]*\)` | \([a-z]*\) | `*\([a-z-]*\)`* |.*/\1 \2 \3/p' docs/reference/metrics.md >"$work/page"
is "metrics.md has every metric" "$(diff "$work/rows" "$work/page")" ""

# The language page names every kind, function and policy that the engine's tables list.
for list in types contexts aggregates agents; do
    for word in $(sed -n 's/^X([A-Z_]*, *"\([a-z_]*\)".*/\1/p' cep/$list.def); do
        grep -q "\`$word[\` ]" docs/reference/language.md || echo "$list: $word"
    done
done >"$work/unnamed"
sed -n 's/^VALUE([A-Z_]*, *[A-Z_]*, *"\([a-z ]*\)".*/\1/p' cep/policies.def | while read -r words; do
    grep -q "\`$words[\` ]" docs/reference/language.md || echo "policies: $words"
done >>"$work/unnamed"
is "language.md names every word of the tables" "$(cat "$work/unnamed")" ""

# Every dump of a frame is one of the golden frames, line by line, and each of those is shown.
awk -v folder="$work" '
    /^```hex / { file = folder "/" $2 ".hex"; next }
    /^```/     { file = "" }
    file       { print > file }' docs/reference/wire.md
for frame in tests/golden/frames/*.hex; do
    same "wire.md shows $(basename "$frame" .hex)" "$work/$(basename "$frame")" "$frame"
done
sed -n 's/^X([A-Z]*, *"\([a-z]*\)", *"\(.*\)")$/| \1 | \2 |/p' cluster/frame.def | while read -r row; do
    grep -qxF "$row" docs/reference/wire.md || echo "$row"
done >"$work/unsaid"
is "wire.md has every reason for which a frame is refused" "$(cat "$work/unsaid")" ""

broken=$(for page in $pages; do
    grep -o '](\([^)#]*\)' "$page" | sed 's/^](//' | while read -r link; do
        case $link in
        ''|http*|mailto*) ;;
        *) [ -e "$(dirname "$page")/$link" ] || echo "$page: $link" ;;
        esac
    done
done)
is "every link leads to a file" "$broken" ""

has "the README shows how to begin" README.md "examples/quickstart"
has "the README shows how to test" README.md "tests/run"
finish
