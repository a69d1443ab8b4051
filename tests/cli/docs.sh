#!/bin/sh
# The documentation: every ```cep block is a rule file that passes `cep check` and its own tests; every verb has
# its section; every link leads to a file. A block that is meant to be refused begins with "# refused".
. "$(dirname "$0")/../tap.sh"
cd "$ROOT" || exit 1

pages=$(find . -name '*.md' -not -path './build/*' -not -path './.git/*' | sort)

for page in $pages; do
    rm -rf "$work/blocks"
    mkdir "$work/blocks"
    awk -v folder="$work/blocks" '
        /^```cep$/ { n++; file = sprintf("%s/%02d.cep", folder, n); next }
        /^```/     { file = "" }
        file       { print > file }' "$page"
    for block in "$work"/blocks/*.cep; do
        [ -f "$block" ] || continue
        name="${page#./} block $(basename "$block" .cep)"
        cep check "$block"
        if head -1 "$block" | grep -q '^# refused'; then
            is "$name is refused" "$code" 1
            continue
        fi
        is "$name passes" "$code" 0
        [ "$code" = 0 ] || note <"$out"
        if grep -q '^test ' "$block"; then
            cep test "$block"
            is "$name: its tests pass" "$code" 0
            [ "$code" = 0 ] || grep -v '^ok' "$out" | note
        fi
    done
done

for verb in $(sed -n 's/^VERB(\([a-z]*\),.*/\1/p' cep/cmd/verbs.def); do
    has "commands.md has a section for $verb" docs/reference/commands.md "## cep $verb"
done

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
