#!/bin/sh
# docs/reference/errors: a page a diagnostic code, with a wrong and a right example. The wrong one gives this code
# and no other but E0401, "does not run yet"; the right one nothing. An example in ```sh prints the rules. `cep help CODE` shows the page.
. "$(dirname "$0")/../tap.sh"
pages=$ROOT/docs/reference/errors
cd "$work" || exit 1

codes=$(sed -n 's/^X(\([EW][0-9]*\),.*/\1/p' "$ROOT/rules/diagnostics.def")

# example PAGE FENCE…: the text of the first block with one of these fences.
example() {
    page=$1
    shift
    for fence; do
        awk -v fence="$fence" '
            $0 == "```" fence && !done { inside = 1; next }
            inside && $0 == "```" { inside = 0; done = 1 }
            inside { print }' "$page"
    done
}

# What may be said beside the code of a page.
not_yet() {
    [ "$id" = E0401 ] || echo E0401
}

for id in $codes; do
    page=$pages/$id.md
    if [ ! -f "$page" ]; then
        fail "$id has a page"
        continue
    fi
    title=$(sed -n "s/^X($id, *[A-Z_0-9]*, *\"\(.*\)\").*/\1/p" "$ROOT/rules/diagnostics.def")
    is "$id: the title is that of the table" "$(head -n 1 "$page")" "# $id: $title"
    has "$id: the list of pages" "$pages/README.md" "| [$id]($id.md) | $title |"

    if grep -q '^```sh wrong' "$page"; then
        example "$page" "sh wrong" | sh >wrong.cep
    else
        example "$page" "cep wrong" >wrong.cep
    fi
    cep check --format json wrong.cep
    is "$id: what the wrong example gives" \
        "$(sed -n 's/.*"severity":"[a-z]*","code":"\([A-Z0-9]*\)".*/\1/p' "$out" | grep -vx "$(not_yet)" | sort -u)" "$id"
    example "$page" cep >right.cep
    cep check right.cep
    is "$id: the right example" "$(tail -n 1 "$out" | sed 's/.*no errors/no errors/')" "no errors"
    [ "$(tail -n 1 "$out" | sed 's/.*no errors/no errors/')" = "no errors" ] || head -20 "$out" | note
done

for id in $codes; do
    cep help "$id"
    is "help $id: done" "$code" 0
    lacks "help $id: no fences are left" "$out" '```'
    grep -q '^Right:$' "$out" || fail "help $id: the right example"
done
cep help E0203
has "help CODE: the title" "$out" "error[E0203]: an attribute that the event does not have"
has "help CODE: what it means" "$out" "The event type declares its attributes"
has "help CODE: the wrong example" "$out" "      on     Payment p where p.amout > 100"
cep help W0001 --json
has "help CODE --json" "$out" '{"code":"W0001","kind":"warning","title":"a policy word that changes nothing","what":"The word'

for page in "$pages"/[EW]*.md; do
    name=$(basename "$page" .md)
    case " $(echo $codes) " in *" $name "*) ;; *) fail "$name is a code" ;; esac
done
finish
