#!/bin/sh
# The layer rule: cep/cmd → cluster → {rules, agents} → cep; rules and agents never meet.
. "$(dirname "$0")/../tap.sh"
cd "$ROOT" || exit 1

# may_include LAYER FOLDERS…: no file of the layer includes a file of another folder of the tree.
may_include() {
    layer=$1
    shift
    case $layer in
    cep) files=$(find cep -path cep/cmd -prune -o -type f -name '*.[chd]*' -print) ;;
    *)   files=$(find "$layer" -type f -name '*.[chd]*') ;;
    esac
    wrong=$(for file in $files; do
        awk -v file="$file" -v allowed=" $* " '
            /^[ \t]*#[ \t]*include[ \t]*"/ {
                split($0, quoted, "\"")
                header = quoted[2]
                folder = header
                sub(/\/.*/, "", folder)
                if (header ~ /^cep\/cmd\//) folder = "cep/cmd"
                if (header !~ /\//) print file ":" FNR ": " header " is included without its folder"
                else if (!index(allowed, " " folder " ")) print file ":" FNR ": includes " header
            }' "$file"
    done)
    if [ -z "$files" ]; then
        fail "$layer has files"
    elif [ -z "$wrong" ]; then
        pass "$layer includes only $*"
    else
        fail "$layer includes only $*"
        echo "$wrong" | note
    fi
}

may_include cep     cep
may_include rules   rules cep
may_include agents  agents cep
may_include cluster cluster rules agents cep
may_include cep/cmd cep/cmd cluster rules agents cep

strangers=$(grep -rlE '^[ 	]*#[ 	]*include[ 	]*<nng/' cep rules agents cluster | grep -v '^cluster/net_nng')
is "only cluster/net_nng* knows nng" "$strangers" ""
finish
