#!/bin/sh
# Writes the manual pages: cep.1, and a page a verb, from what the program says about itself.
#
#   docs/man.sh CEP FOLDER

cep=$1
folder=$2
mkdir -p "$folder" || exit 1
version=$("$cep" version | sed -n '1s/^cep *//p')

# Text as roff: backslashes, dots and quotes at the beginning of a line, hyphens.
roff() {
    sed 's/\\/\\e/g; s/-/\\-/g; s/^\([.'\'']\)/\\\&\1/'
}

# The parts of `cep VERB --help`: before, among and behind the options.
before() { "$cep" help "$1" | awk 'NR > 1 { if (/^ +-/) exit; print }'; }
among() { "$cep" help "$1" | awk '/^Mandatory or optional/ { exit } /^ +-/ { on = 1 } on'; }
behind() { "$cep" help "$1" | awk 'on && !/^for any corresponding/ { print } /^Mandatory or optional/ { on = 1 }'; }

# An option a paragraph; lines that begin deep go on with the one before.
options() {
    among "$1" | sed 's/\\/\\e/g' | awk '
        function flush() { if (name != "") printf ".TP\n.B %s\n%s\n", name, text; name = "" }
        /^                    / { sub(/^ +/, ""); text = text " " $0; next }
        /^ +-/ {
            flush()
            sub(/^ +/, "")
            at = match($0, /  +/)
            name = at ? substr($0, 1, at - 1) : $0
            text = at ? substr($0, at + RLENGTH) : ""
            gsub(/-/, "\\-", name)
        }
        END { flush() }'
}

codes() {
    cat <<'END'
.SH EXIT STATUS
0 done; 1 the rules or the data are wrong, or a test failed; 2 wrong usage; 3 a component cannot be reached;
4 interrupted, with work kept.
END
}

verbs=$("$cep" help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')
for verb in $verbs; do
    what=$("$cep" help | sed -n "s/^  $verb  *//p")
    {
        echo ".TH CEP-$(echo "$verb" | tr a-z A-Z) 1 \"\" \"cep $version\" \"User Commands\""
        printf '.SH NAME\ncep\\-%s \\- %s\n.SH SYNOPSIS\n.nf\n' "$verb" "$(echo "$what" | roff)"
        "$cep" help "$verb" | sed -n '1s/^Usage: //p' | roff
        printf '.fi\n.SH DESCRIPTION\n'
        before "$verb" | roff
        behind "$verb" | roff
        echo .SH OPTIONS
        options "$verb"
        codes
        printf '.SH SEE ALSO\n.BR cep (1)\n'
    } >"$folder/cep-$verb.1"
done
{
    echo ".TH CEP 1 \"\" \"cep $version\" \"User Commands\""
    printf '.SH NAME\ncep \\- finds situations in streams of events, by rules\n.SH SYNOPSIS\n.B cep\nVERB [OPTION...] [FILE...]\n'
    echo .SH VERBS
    for verb in $verbs; do
        printf '.TP\n.BR cep\\-%s (1)\n' "$verb"
        "$cep" help | sed -n "s/^  $verb  *//p" | roff
    done
    codes
} >"$folder/cep.1"
