# Writes alerts as comparable lines, "Burst 1481354036 5.36.59.76 5", from `cep run` (an alert a line) and
# from the expected results (JSON indented by one). KnownAccount is expected as counts only.

function field(line, name,    at, value) {
    at = index(line, "\"" name "\":")
    if (!at) return ""
    value = substr(line, at + length(name) + 3)
    sub(/^ */, "", value)
    if (substr(value, 1, 1) == "\"") {
        value = substr(value, 2)
        sub(/".*/, "", value)
    } else
        sub(/[,}].*/, "", value)
    return value
}

# Seconds since 1970 of "2017-03-29T14:15:50Z"; the logs know whole seconds.
function seconds(t,    y, m, d, era) {
    y = substr(t, 1, 4) + 0; m = substr(t, 6, 2) + 0; d = substr(t, 9, 2) + 0
    if (m <= 2) { y--; m += 12 }
    era = 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * (m - 3) + 2) / 5) + d - 1 - 719468
    return era * 86400 + substr(t, 12, 2) * 3600 + substr(t, 15, 2) * 60 + substr(t, 18, 2)
}

/^\{"alert":/ {
    data = substr($0, index($0, "\"data\":"))
    kind = field($0, "alert")
    t = sprintf("%d", seconds(field($0, "time")))
    if (kind == "Burst")             print kind, t, field(data, "ip"), field(data, "n")
    else if (kind == "Breach")       print kind, t, field(data, "ip"), field(data, "user"), field(data, "how"), field(data, "fails")
    else if (kind == "Unclosed")     print kind, t, field(data, "pid"), field(data, "user")
    else if (kind == "Spray")        print kind, t, field(data, "ip"), field(data, "users")
    else if (kind == "KnownAccount") accounts[field(data, "user")]++
    else                             print kind
    next
}

/"R1_burst"/ { kind = "Burst" }
/"R2_/       { kind = "Breach" }
/"R3_/       { kind = "Unclosed" }
/"R4_/       { kind = "KnownAccount" }
/"R5_/       { kind = "Spray" }
/^   \{/     { delete v }
/^ +"(ts|ip|n|user|how|fails|pid|users)":/ {
    name = $1
    gsub(/[":]/, "", name)
    v[name] = field($0, name)
}
/^   \}/ {
    if (kind == "Burst")         print kind, v["ts"], v["ip"], v["n"]
    else if (kind == "Breach")   print kind, v["ts"], v["ip"], v["user"], v["how"], v["fails"]
    else if (kind == "Unclosed") print kind, v["ts"], v["pid"], v["user"]
    else if (kind == "Spray")    print kind, v["ts"], v["ip"], v["users"]
}
kind == "KnownAccount" && /^   "[^"]+": [0-9]+/ {
    split($0, quoted, "\"")
    accounts[quoted[2]] = field($0, quoted[2])
}

END { for (user in accounts) print "KnownAccount", user, accounts[user] }
