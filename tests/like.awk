# Compares what a command printed with what a page shows: awk -f like.awk WANTED PRINTED. `…` stands for anything
# within a line, and alone on a line for any number of lines.

function literal(text,   i, c, out) {
    out = ""
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        out = out (c ~ /[A-Za-z0-9 _"':,;=<>~@#%&!-]/ ? c : "[" (c == "^" ? "\\^" : c == "\\" ? "\\\\" : c) "]")
    }
    return out
}
function pattern(line,   parts, count, i, out) {
    count = split(line, parts, "…")
    out = "^"
    for (i = 1; i <= count; i++)
        out = out (i > 1 ? ".*" : "") literal(parts[i])
    return out "$"
}

FNR == NR { wanted[++nwanted] = $0; next }
{ printed[++nprinted] = $0 }

END {
    at = 1
    skipping = 0
    for (i = 1; i <= nwanted; i++) {
        if (wanted[i] == "…") { skipping = 1; continue }
        while (skipping && at <= nprinted && printed[at] !~ pattern(wanted[i]))
            at++
        skipping = 0
        if (at > nprinted || printed[at] !~ pattern(wanted[i])) {
            print "wanted " wanted[i]
            print "got    " (at > nprinted ? "nothing more" : printed[at])
            exit 1
        }
        at++
    }
    if (!skipping && at <= nprinted) {
        print "got more: " printed[at]
        exit 1
    }
}
