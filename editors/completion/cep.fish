# Completion of `cep` for fish. Put it into ~/.config/fish/completions.
# Verbs and options are asked of the program itself.

function __cep_verbs
    cep help 2>/dev/null | string replace -rf '^  ([a-z]+)\s+(.*)$' '$1\t$2'
end

function __cep_options
    set -l words (commandline -opc)
    cep help $words[2] 2>/dev/null | string replace -rf '^.*(--[a-z][a-z-]*)\S*\s+(.*)$' '$1\t$2'
end

function __cep_values
    set -l words (commandline -opc)
    set -l list (cep help $words[2] 2>/dev/null | string replace -rf '^.*'$words[-1]'=([a-z|]*).*$' '$1')
    string match -q '*|*' -- $list; and string split '|' -- $list
end

complete -c cep -f -n __fish_use_subcommand -a '(__cep_verbs)'
complete -c cep -f -n '__fish_seen_subcommand_from help' -a 'functions (__cep_verbs)'
complete -c cep -n 'not __fish_use_subcommand; and string match -q -- "-*" (commandline -ct)' -a '(__cep_options)'
complete -c cep -f -n 'not __fish_use_subcommand; and string match -q -- "--*" (commandline -opc)[-1]' -a '(__cep_values)'
complete -c cep -n 'not __fish_use_subcommand' -k -a '(__fish_complete_suffix .cep)'
