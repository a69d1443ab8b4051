#!/bin/sh
# Shell completion, in the shells that are installed: each is asked what it would offer.
. "$(dirname "$0")/../tap.sh"
PATH=$(dirname "$CEP"):$PATH
export PATH
cd "$work" || exit 1
: >rules.cep
: >notes.txt

# In every shell, offer WORD… prints what it offers behind these words, the last of which is being typed.
check() {
    has "$1: a verb" "$work/verb" check
    lacks "$1: a verb: only those that fit" "$work/verb" explain
    has "$1: an option" "$work/option" --coverage
    has "$1: the value of an option" "$work/value" sarif
    lacks "$1: the value of an option: no files" "$work/value" rules.cep
    has "$1: a rule file" "$work/file" rules.cep
    lacks "$1: a rule file: no others" "$work/file" notes.txt
    has "$1: what help takes" "$work/help" functions
}

if command -v bash >/dev/null; then
    cat >ask.bash <<END
. "$ROOT/editors/completion/cep.bash"
offer() {
    COMP_WORDS=("\$@")
    COMP_CWORD=\$((\$# - 1))
    _cep
    printf '%s\n' "\${COMPREPLY[@]}"
}
offer cep ch >verb
offer cep test --co >option
offer cep check --format s >value
offer cep check --format = s >equals
offer cep check '' >file
offer cep help fu >help
END
    bash ask.bash 2>"$err"
    check bash
    has "bash: a value behind =" equals sarif
    is "bash: no messages" "$(cat "$err")" ""
else
    skip "bash" "bash is not installed"
fi

if command -v fish >/dev/null; then
    cat >ask.fish <<END
set -g fish_complete_path
source "$ROOT/editors/completion/cep.fish"
complete -C 'cep ch' >verb
complete -C 'cep test --co' >option
complete -C 'cep check --format ' >value
complete -C 'cep check ru' >file
complete -C 'cep help fu' >help
END
    HOME=$work fish --no-config ask.fish 2>"$err"
    has "fish: a verb" verb check
    lacks "fish: a verb: only those that fit" verb explain
    has "fish: an option" option --coverage
    has "fish: the value of an option" value sarif
    has "fish: a rule file" file rules.cep
    has "fish: what help takes" help functions
else
    skip "fish" "fish is not installed"
fi

if command -v zsh >/dev/null; then
    # zsh completes only in its line editor: its functions that offer are replaced by ones that print.
    cat >ask.zsh <<END
_describe() { print -lr -- \${(P)2} }
compadd() { [[ \$1 == -a ]] && print -l \${(P)2} || print -l \$@ }
_files() { print -l *.cep }
offer() { words=("\$@"); CURRENT=\$#; source "$ROOT/editors/completion/_cep" }
offer cep ch >verb
offer cep test --co >option
offer cep check --format '' >value
offer cep check '' >file
offer cep help '' >help
END
    zsh -f ask.zsh 2>"$err"
    has "zsh: a verb" verb check:
    has "zsh: an option" option --coverage:
    has "zsh: the value of an option" value sarif
    lacks "zsh: the value of an option: no files" value rules.cep
    has "zsh: a rule file" file rules.cep
    has "zsh: what help takes" help functions
    is "zsh: no messages" "$(cat "$err")" ""
else
    skip "zsh" "zsh is not installed"
fi
finish
