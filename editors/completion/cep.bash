# Completion of `cep` for bash. Source it, or put it into /usr/share/bash-completion/completions/cep.
# Verbs, options and the values of options are asked of the program itself.

_cep() {
    local cep=${COMP_WORDS[0]} cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]}
    local words
    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then
        words=$("$cep" help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')
        COMPREPLY=($(compgen -W "$words" -- "$cur"))
        return
    fi
    if [ "$verb" = help ]; then
        words=$("$cep" help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')
        COMPREPLY=($(compgen -W "functions $words" -- "$cur"))
        return
    fi
    # `--format=te` is three words to bash: --format, =, te.
    if [ "$cur" = = ]; then
        cur=
    elif [ "$prev" = = ]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi
    case $prev in
    --*)
        words=$("$cep" help "$verb" 2>/dev/null | sed -n "s/.*$prev=\([a-z|]*\).*/\1/p" | grep '|' | tr '|' ' ')
        if [ -n "$words" ]; then
            COMPREPLY=($(compgen -W "$words" -- "$cur"))
            return
        fi
        ;;
    esac
    case $cur in
    -*)
        words=$("$cep" help "$verb" 2>/dev/null | grep -o -e '--[a-z][a-z-]*')
        COMPREPLY=($(compgen -W "$words" -- "$cur"))
        ;;
    *)
        COMPREPLY=($(compgen -f -X '!*.cep' -- "$cur") $(compgen -d -- "$cur"))
        ;;
    esac
}
complete -o filenames -F _cep cep
