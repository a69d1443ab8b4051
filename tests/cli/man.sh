#!/bin/sh
# The manual pages that docs/man.sh makes: one a verb, with its options; without complaints where roff is installed.
. "$(dirname "$0")/../tap.sh"
cd "$work" || exit 1

sh "$ROOT/docs/man.sh" "$CEP" man
is "docs/man.sh: done" $? 0
for verb in $(sed -n 's/^VERB(\([a-z]*\),.*/\1/p' "$ROOT/cep/cmd/verbs.def"); do
    has "cep-$verb.1 has its name" "man/cep-$verb.1" "cep\\-$verb \\- "
    has "cep.1 names $verb" man/cep.1 "cep\\-$verb (1)"
    options=$("$CEP" help "$verb" | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -e '--[a-z-]+' | sort -u)
    wanting=$(for option in $options; do
        grep -qF -e "$(echo "$option" | sed 's/-/\\-/g')" "man/cep-$verb.1" || echo "$option"
    done)
    is "cep-$verb.1 has all options" "$wanting" ""
done
if command -v groff >/dev/null; then
    is "groff has nothing to complain of" "$(groff -Kutf8 -man -Tutf8 -ww man/*.1 2>&1 >/dev/null | head -5)" ""
else
    skip "groff has nothing to complain of" "groff is not installed"
fi
finish
