#!/bin/sh
# Prints the words that the parser takes as keywords, one a line: those in calls that test for one, in its lists of
# words, and in the tables of the tree's kinds.
cd "$(dirname "$0")/.." || exit 1
{
    cat rules/parser*.c | tr '\n' ' ' |
        grep -oE '(parser_(at|take|expect|next_is)|take_pair)\(parser, "[a-z0-9]+"(, "[a-z0-9]+")?'
    cat rules/parser*.c | tr '\n' ' ' |
        grep -oE '(words|takes|ways|kinds|sources|severities|relations|directions|which)\[\] = \{[^}]*\}'
    sed -n 's/^X([A-Z_]*, *"\([a-z ]*\)".*/"\1"/p' rules/declaration.def rules/pattern.def rules/written_type.def
    grep -ohE '[{]"[a-z]+", [a-z_]+' rules/parser*.c | grep -oE '"[a-z]+"'
    grep -oE '^    \{TOKEN_NAME, "[a-z]+"(, "[a-z]+")?' rules/parser_expression.c
} | grep -oE '"[a-z0-9 ]+"' | tr -d '"' | tr ' ' '\n' | grep . | sort -u
