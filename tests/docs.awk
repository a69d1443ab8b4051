# Takes the blocks of a page apart, for tests/cli/docs.sh.
#
#   ```cep            a rule file of its own: NN.cep        ```cep NAME     also written as NAME
#   ```WORD NAME      a file NAME
#   ```console        commands behind `$ `, each with its output: NN-K.command, NN-K.wanted
#
# plan lists them in order: "rules FILE", "file FILE NAME", "console FILE".

function begin(what, suffix) {
    n++
    file = sprintf("%s/%02d%s", folder, n, suffix)
    printf "" > file
    print what, file, name > (folder "/plan")
}

/^```/ && inside { inside = 0; if (file != "") close(file); file = ""; next }
/^```/ {
    inside = 1
    kind = $1
    name = NF == 2 && $2 ~ /\./ ? $2 : ""
    sub(/^```/, "", kind)
    if (kind == "cep" && (NF == 1 || name != ""))
        begin("rules", ".cep")
    else if (kind == "console")
        begin("console", "")
    else if (name != "")
        begin("file", ".file")
    next
}
inside && kind == "console" && /^\$ / {
    close(file)
    file = sprintf("%s/%02d-%02d", folder, n, ++k)
    print substr($0, 3) > (file ".command")
    close(file ".command")
    file = file ".wanted"
    printf "" > file
    next
}
inside && file != "" { print > file }
