#!/bin/sh
# The files for editors: every word that the parser takes as a keyword is in both grammars, and they can be read.
. "$(dirname "$0")/../tap.sh"
cd "$ROOT" || exit 1
textmate=editors/vscode/syntaxes/cep.tmLanguage.json
tree=editors/tree-sitter-cep/grammar.js

sh tests/words.sh >"$work/words"
sed -n 's/^W([A-Z]*, *"\([a-z]*\)".*/\1/p' rules/words.def | sort -u >"$work/offered"
is "words.def: each is one of the parser's" "$(comm -23 "$work/offered" "$work/words")" ""
is "there are words to look for" "$([ "$(wc -l <"$work/words")" -gt 200 ] && echo yes)" yes
# A word stands in a grammar between signs that are no letters.
missing() {
    while read -r word; do
        grep -qE "(^|[^a-z0-9])$word([^a-z0-9]|$)" "$1" || echo "$word"
    done <"$work/words"
}
is "TextMate: every word of the parser" "$(missing "$textmate")" ""
is "tree-sitter: every word of the parser" "$(missing "$tree")" ""

for query in editors/tree-sitter-cep/queries/*.scm; do
    strange=$(grep -o '([a-z_]*' "$query" | tr -d '(' | sort -u | while read -r node; do
        [ "$node" = _ ] || grep -qE "^    $node:|\\\$\.$node\)" "$tree" || echo "$node"
    done)
    is "$(basename "$query"): its nodes are the grammar's" "$strange" ""
done

if command -v node >/dev/null; then
    node -e '
        for (const file of process.argv.slice(1)) JSON.parse(require("fs").readFileSync(file, "utf8"));
    ' editors/vscode/package.json editors/vscode/language-configuration.json "$textmate" 2>"$err"
    is "the files are JSON" "$?" 0
    # The rules of the grammar name one another: a stand-in for what tree-sitter offers collects them.
    node -e '
        const used = new Set(), node = (...parts) => parts;
        for (const name of ["seq", "choice", "repeat", "optional", "field", "alias", "token", "prec"]) global[name] = node;
        prec.left = prec.right = token.immediate = node;
        let rules;
        global.grammar = (given) => { rules = given.rules; return given; };
        const given = require(require("path").resolve(process.argv[1]));
        const $ = new Proxy({}, { get: (_, name) => (used.add(name), name) });
        for (const rule of Object.values(rules)) rule($);
        given.extras($), given.word($), given.conflicts($);
        const made = new Set([...Object.keys(rules), "declaration_word", "unit"]);
        const wrong = [...used].filter((name) => !made.has(name));
        if (wrong.length) { console.log(wrong.join(" ")); process.exit(1); }
    ' "$tree" >"$out" 2>"$err"
    is "tree-sitter: every rule that is named is there" "$? $(cat "$out")" "0 "
else
    skip "the files are JSON" "node is not installed"
fi
finish
