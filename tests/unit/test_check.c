/* The checker: small programs and what is said about them, types of expressions, annotations, and that no
 * mutilated program brings it down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rules/model.h"
#include "rules/parser.h"

/* What every program of a Case may use. It stands behind the program, so that places are the program's. */
static const char prelude[] =
    "event Withdrawal { account : string  amount : float  atm : string  n : int  note : string?  at : time  place : point?  items : list<string>  wait : duration  ok : bool  time at }\n"
    "event Deposit { account : string  amount : float  at : time  n : string  time at }\n"
    "event Login { user : string  ip : string  at : time }\n"
    "event Reading { sensor : string  temp : float  who : record { name : string, age : int }  tags : map<string> }\n"
    "alert Alarm { account : string  count : int = 0  owner : string?  total : float = 0.0 }\n"
    "event Plain { account : string }\n"
    "table Account key id { id : string  owner : string  rank : int }\n"
    "table Pair key a, b { a : string  b : int  v : float }\n"
    "table Zone key name { name : string  shape : area  site : point }\n"
    "param limit : int = 3\n"
    "param gap : duration = 5 min\n"
    "function twice(x : float) = x * 2\n"
    "context Day = fixed every 1 day zone \"Europe/Lisbon\"\n"
    "context PerAccount = by account\n";

/* said: a line per diagnostic: code, line:column, hint. */
typedef struct Case {
    const char *program, *said;
} Case;

typedef struct Run {
    Memory memory;
    Arena arena;
    Sources sources;
    Diagnostics diagnostics;
    AstModule module;
    AstFile file;
    Model *model;
} Run;

static void run_begin(Run *run, const char *program, const char *behind, const CompileOptions *options)
{
    memset(run, 0, sizeof *run);
    arena_init(&run->arena, &run->memory);
    sources_init(&run->sources, &run->arena);
    diagnostics_init(&run->diagnostics, &run->sources, &run->arena);
    Text text = arena_printf(&run->arena, "%s\n%s", program, behind);
    uint32_t file = sources_add(&run->sources, TEXT("t.cep"), text);
    if (!parse_source(&run->sources, file, &run->diagnostics, &run->arena, &run->file))
        return;
    module_add(&run->module, &run->arena, &run->file);
    run->model = check_module(&run->sources, &run->module, options, &run->diagnostics, &run->arena);
}

static void run_end(Run *run)
{
    arena_fini(&run->arena);
}

static Text run_said(Run *run)
{
    Text said = TEXT("");
    for (uint32_t i = 0; i < run->diagnostics.n; i++) {
        const Diagnostic *d = run->diagnostics.items[i];
        Place place = source_place(&run->sources.items[d->span.file], d->span.start);
        said = arena_printf(&run->arena, "%.*s%s %u:%u%s%.*s\n", TEXT_ARGS(said), diagnostic_code(d->code), place.line,
                            place.column, d->hint.len ? " " : "", TEXT_ARGS(d->hint));
    }
    return said;
}

static const Case expressions[] = {
    {"agent a { on Withdrawal w derive Plain { account: w.account } }",
     ""},
    {"agent a { on Withdrawl w derive Plain { account: w.account } }",
     "E0201 1:14 did you mean `Withdrawal`?\n"},
    {"agent a { on Withdrawal w derive Plain { account: w.acount } }",
     "E0203 1:53 did you mean `account`?\n"},
    {"agent a { on Withdrawal w derive Plain { acount: w.account } }",
     "E0203 1:42 did you mean `account`?\n"},
    {"agent a { on Withdrawal w where amount > 3 derive Plain { account: w.account } }",
     "E0220 1:33 did you mean `w.amount`?\n"},
    {"agent a { on Withdrawal w where v.amount > 3 derive Plain { account: w.account } }",
     "E0202 1:33\n"},
    {"agent a { on Withdrawal w where w.amount > limt derive Plain { account: w.account } }",
     "E0202 1:44 did you mean `limit`?\n"},
    {"agent a { on Withdrawal w where Withdrawal.amount > 3 derive Plain { account: w.account } }",
     "E0211 1:33 did you mean `w`?\n"},
    {"agent a { on Account w derive Plain { account: \"x\" } }",
     "E0211 1:14\n"},
    {"agent a { on Withdrawal w enrich Acount x by w.account derive Plain { account: \"x\" } }",
     "E0204 1:34 did you mean `Account`?\n"},
    {"agent a { on Withdrawal w enrich Account x by w.account derive Plain { account: x.owner } }",
     "E0302 1:81 write `x.owner ?? default`\n"},
    {"agent a { on Withdrawal w enrich Account x by w.account or drop derive Plain { account: x.owner } }",
     ""},
    {"agent a { on Withdrawal w enrich Account x by w.n derive Plain { account: w.account } }",
     "E0305 1:47 write `text(w.n)`\n"},
    {"agent a { on Withdrawal w enrich Account x by (w.account, w.n) derive Plain { account: w.account } }",
     "E0314 1:47\n"},
    {"agent a { on Withdrawal w enrich Pair x by (w.account, w.n) derive Plain { account: w.account } }",
     ""},
    {"agent a { on Withdrawal w enrich Account x where x.ownr == w.account derive Plain { account: "
     "w.account } }",
     "E0205 1:52 did you mean `owner`?\n"},
    {"agent a { on Withdrawal w where w.amount > \"3\" derive Plain { account: w.account } }",
     "E0301 1:44 a number stands without quotes\n"},
    {"agent a { on Withdrawal w where w.account == 3 derive Plain { account: w.account } }",
     "E0301 1:46 write `\"3\"`\n"},
    {"agent a { on Withdrawal w where w.at > \"2026-01-01T00:00:00Z\" derive Plain { account: w.account } }",
     "E0301 1:40 a time stands without quotes: 2026-01-31T09:00:00Z\n"},
    {"agent a { on Withdrawal w where w.wait > 5 derive Plain { account: w.account } }",
     "E0301 1:42 a duration has a unit: `5 s`\n"},
    {"agent a { on Withdrawal w where w.amount derive Plain { account: w.account } }",
     "E0304 1:33 compare it: `w.amount > 0`\n"},
    {"agent a { on Withdrawal w where w.amount + w.account > 3 derive Plain { account: w.account } }",
     "E0303 1:33 write `text(w.amount) + w.account`\n"},
    {"agent a { on Withdrawal w where w.at + w.at > 3 derive Plain { account: w.account } }",
     "E0303 1:33 `time - time` is a duration; times do not add\n"},
    {"agent a { on Withdrawal w where w.at - 5 > w.at derive Plain { account: w.account } }",
     "E0303 1:33 a duration has a unit: `5 s`\n"},
    {"agent a { on Withdrawal w where w.amount matches /x/ derive Plain { account: w.account } }",
     "E0303 1:33 write `text(w.amount)`\n"},
    {"agent a { on Withdrawal w where w.account matches \"x\" derive Plain { account: w.account } }",
     "E0308 1:51 write `/x/`\n"},
    {"agent a { on Withdrawal w where w.account matches /a(b/ derive Plain { account: w.account } }",
     "E0307 1:55\n"},
    {"agent a { on Withdrawal w where w.account matches /a\\/b[z-a]/ derive Plain { account: w.account } }",
     "E0307 1:59\n"},
    {"agent a { on Withdrawal w where w.account matches /a/q derive Plain { account: w.account } }",
     "E0307 1:54 the options are i, m, s, x\n"},
    {"agent a { on Withdrawal w where w.account == /a/ derive Plain { account: w.account } }",
     "E0308 1:46 write `matches`\n"},
    {"agent a { on Withdrawal w where w.account == any [\"a\", 3] derive Plain { account: w.account } }",
     "E0301 1:56 write `\"3\"`\n"},
    {"agent a { on Withdrawal w where w.amount in [1, 2.5] and w.n in [1, 2] derive Plain { account: "
     "w.account } }",
     ""},
    {"agent a { on Withdrawal w where w.n in [\"a\"] derive Plain { account: w.account } }",
     "E0301 1:41 a number stands without quotes\n"},
    {"agent a { on Withdrawal w where w.account in cidr(\"10.0.0.0/8\") derive Plain { account: w.account } "
     "}",
     ""},
    {"agent a { on Withdrawal w where w.n in cidr(\"10.0.0.0/8\") derive Plain { account: w.account } }",
     "E0303 1:33 write `text(w.n)`\n"},
    {"agent a { on Withdrawal w where w.account in Account and w.account in w.items derive Plain { account: "
     "w.account } }",
     ""},
    {"agent a { on Withdrawal w where w.n in Account derive Plain { account: w.account } }",
     "E0301 1:33\n"},
    {"agent a { on Withdrawal w where w.account in Pair derive Plain { account: w.account } }",
     "E0314 1:33\n"},
    {"agent a { on Withdrawal w where (w.account, w.n) in Pair derive Plain { account: w.account } }",
     ""},
    {"agent a { on Withdrawal w where w.n == 3 ignoring case derive Plain { account: w.account } }",
     "E0319 1:33\n"},
    {"agent a { on Withdrawal w where w.account == \"x\" ignoring case derive Plain { account: w.account } "
     "}",
     ""},
    {"agent a { on Withdrawal w where w.amount between 1 and 5 and w.n between 1.5 and 3 derive Plain { "
     "account: w.account } }",
     ""},
    {"agent a { on Withdrawal w where w.amount between 1 and \"x\" derive Plain { account: w.account } }",
     "E0301 1:56 a number stands without quotes\n"},
    {"agent a { on Withdrawal w where w.ok > true derive Plain { account: w.account } }",
     "E0303 1:33 int, float, decimal, string, time and duration have one\n"},
    {"agent a { on Withdrawal w where w derive Plain { account: w.account } }",
     "E0315 1:33 name an attribute of it: `w.account`\n"},
    {"agent a { on Withdrawal w where Account == 3 derive Plain { account: w.account } }",
     "E0315 1:33 a value of a table is `Account[key].column`\n"},
    {"agent a { on Withdrawal w where Account[w.account].rank > 3 derive Plain { account: w.account } }",
     ""},
    {"agent a { on Withdrawal w where Account[w.account, 3].rank > 3 derive Plain { account: w.account } }",
     "E0314 1:33\n"},
    {"agent a { on Withdrawal w where Account[w.account].rnk > 3 derive Plain { account: w.account } }",
     "E0205 1:52 did you mean `rank`?\n"},
    {"agent a { on Withdrawal w where count(w) > 3 derive Plain { account: w.account } }",
     "E0309 1:33\n"},
    {"agent a { on Withdrawal w where w.note == \"x\" derive Plain { account: w.note } }",
     "E0302 1:71 write `w.note ?? default`\n"},
    {"agent a { on Withdrawal w derive Plain { account: w.note ?? \"none\" } }",
     ""},
    {"agent a { on Withdrawal w derive Plain { account: w.note ?? 3 } }",
     "E0301 1:61 write `\"3\"`\n"},
    {"agent a { on Withdrawal w derive Plain { account: null } }",
     "E0302 1:51\n"},
    {"agent a { on Withdrawal w derive Plain { account: w.n } }",
     "E0305 1:51 write `text(w.n)`\n"},
    {"agent a { on Withdrawal w derive Alarm { account: w.account, count: w.amount } }",
     "E0305 1:69 write `int(w.amount)`\n"},
    {"agent a { on Withdrawal w derive Alarm { account: w.account, total: w.n } }",
     "E0305 1:69 write `float(w.n)`\n"},
    {"agent a { on Withdrawal w derive Alarm { account: w.account, total: 3, count: 2 * 3 } }",
     ""},
    {"agent a { on Withdrawal w derive Alarm { account: w.account, count: 1.5 } }",
     "E0305 1:69 write `int(1.5)`\n"},
    {"agent a { on Withdrawal w derive Alarm { owner: w.account } }",
     "E0316 1:34 write `account: …`, or declare it with `?` or a default\n"},
    {"agent a { on Withdrawal w derive Alarm { account: w.account, account: \"x\" } }",
     "E0213 1:62\n"},
    {"agent a { on Withdrawal w derive Plain { account: if w.n > 3 then \"a\" else \"b\" } }",
     ""},
    {"agent a { on Withdrawal w derive Plain { account: if w.n > 3 then \"a\" else 3 } }",
     "E0301 1:76\n"},
    {"agent a { on Withdrawal w derive Plain { account: if w.n then \"a\" else \"b\" } }",
     "E0304 1:54 compare it: `w.n > 0`\n"},
    {"agent a { on Withdrawal w derive Plain { account: w.$source, $time: w.at, $certainty: 1 } }",
     ""},
    {"agent a { on Withdrawal w derive Plain { account: w.$sorce } }",
     "E0214 1:53 did you mean `$source`?\n"},
    {"agent a { on Withdrawal w derive Plain { account: \"x\", $id: \"y\" } }",
     "E0214 1:56\n"},
    {"agent a { on Withdrawal w derive Plain from w }",
     ""},
    {"agent a { on Withdrawal w derive Plain from w only account }",
     ""},
    {"agent a { on Withdrawal w derive Plain from w only acount }",
     "E0203 1:52 did you mean `account`?\n"},
    {"agent a { on Withdrawal w derive Plain from w except account }",
     "E0316 1:34 write `account: …`, or declare it with `?` or a default\n"},
    {"agent a { on Withdrawal w derive Plain from v }",
     "E0210 1:45\n"},
    {"agent a { on Withdrawal w derive Deposit from w }",
     "E0305 1:47 give `n` a value of its own\n"},
    {"agent a { on Withdrawal w derive Plain { account: w.account } when w.n }",
     "E0304 1:68 compare it: `w.n > 0`\n"},
    {"agent a { on Withdrawal w derive Plain { account: w.account } to nowhere }",
     "E0217 1:66\n"},
    {"agent a { on Withdrawal | Deposit x derive Plain { account: x.account } }",
     ""},
    {"agent a { on Withdrawal | Deposit x derive Plain { account: text(x.n) } }",
     "E0203 1:68 its types differ\n"},
    {"agent a { on Withdrawal | Deposit x derive Plain { account: x.atm } }",
     "E0203 1:63 `Deposit` has none\n"},
    {"agent a { on Withdrawal w on Deposit d where d.amount > w.amount derive Plain { account: w.account } "
     "}",
     "E0219 1:57 a condition over several participants stands in the `where` of `detect`\n"},
    {"agent a { on Withdrawal w let x = w.amount * 2 derive Alarm { account: w.account, total: x } }",
     ""},
    {"agent a { on Withdrawal w let x = y let y = x derive Alarm { account: w.account, total: x } }",
     "E0222 1:45\n"},
    {"agent a { on Withdrawal w let w = 3 derive Alarm { account: w.account } }",
     "E0213 1:31\n"},
    {"agent a { on Withdrawal w where x > 3 let x = w.amount derive Alarm { account: w.account } }",
     ""},
    {"agent a { on Withdrawal w derive Alarm { account: w.account, total: twice(w.amount) } }",
     ""},
    {"agent a { on Withdrawal w derive Alarm { account: w.account, total: twice(w.n) } }",
     "E0305 1:75 write `float(w.n)`\n"},
    {"agent a { on Withdrawal w derive Alarm { account: w.account, total: twice(w.amount, 3) } }",
     "E0306 1:69\n"},
    {"agent a { on Withdrawal w derive Alarm { account: w.account, total: twise(w.amount) } }",
     "E0206 1:69 did you mean `twice`?\n"},
    {"agent a { on Withdrawal w derive Plain { account: lower(w.n) } }",
     "E0306 1:51 write lower(string)\n"},
    {"agent a { on Withdrawal w derive Plain { account: lowr(w.account) } }",
     "E0206 1:51 did you mean `lower`?\n"},
    {"agent a { on Withdrawal w derive Alarm { account: concat(w.account, \"x\"), count: abs(w.n), total: "
     "abs(w.amount) } }",
     ""},
    {"agent a { on Withdrawal w derive Alarm { account: w.account, total: sqrt(4), count: max(w.n, 3) } }",
     ""},
    {"agent a { on Withdrawal w derive Plain { account: capture(/a(b)/, w.account, 1) } }",
     "E0302 1:51 write `capture(/a(b)/, w.account, 1) ?? default`\n"},
    {"agent a { on Withdrawal w derive Plain { account: coalesce(w.note, w.account) } }",
     ""},
    {"agent a { on Reading r derive Plain { account: r.who.name } }",
     ""},
    {"agent a { on Reading r derive Plain { account: r.who.nam } }",
     "E0203 1:54 did you mean `name`?\n"},
    {"agent a { on Reading r derive Plain { account: r.tags[\"x\"] ?? \"y\" } }",
     ""},
    {"agent a { on Reading r derive Plain { account: r.tags.x } }",
     "E0321 1:55 write `r.tags[\"x\"]`\n"},
    {"agent a { on Reading r derive Plain { account: r.sensor.x } }",
     "E0321 1:57\n"},
    {"agent a { on Withdrawal w where hour(w.at, \"Europe/Lisbon\") > 3 and w.at > 2026-01-01T00:00:00 "
     "derive Plain { account: w.account } }",
     "E0312 1:76 write `Z` behind it, or an offset such as `+01:00`\n"},
    {"agent a in Day { on Withdrawal w where w.at > 2026-01-01T00:00:00 derive Plain { account: w.account } "
     "}",
     ""},
    {"agent a { on Withdrawal w where w.at > @2026-01-01 derive Plain { account: w.account } }",
     "E0312 1:40 write `2026-01-01T00:00:00Z`\n"},
    {"agent a { on Withdrawal w where w.at > now() - 5 min - gap derive Plain { account: w.account } }",
     ""},
    {"agent a { on Withdrawal w where distance(w.place, point(1, 2)) < 2 km derive Plain { account: "
     "w.account } }",
     ""},
    {"agent a { on Withdrawal w derive Plain { account: nearest(Zone.site, w.place).name ?? \"x\" } }",
     ""},
    {"agent a { on Withdrawal w derive Plain { account: nearest(Zone, w.place).name ?? \"x\" } }",
     "E0315 1:59 a value of a table is `Zone[key].column`\n"},
    {"agent a { on Withdrawal w where w.items[0] == \"x\" and w[1].n > 3 derive Plain { account: w.account "
     "} }",
     "E0320 1:55\n"},
    {"agent a { on Withdrawal w where w.account contains 3 derive Plain { account: w.account } }",
     "E0303 1:52 write `text(3)`\n"},
    {"agent a { on Withdrawal w where w.items contains \"x\" derive Plain { account: w.account } }",
     "E0303 1:33 write `x in w.items`\n"},
    {"agent a { on Withdrawal w where not w.n derive Plain { account: w.account } }",
     "E0304 1:37 compare it: `w.n > 0`\n"},
    {"agent a { on Withdrawal w where w.note is null derive Plain { account: w.account } }",
     ""},
    {"agent a { on Withdrawal w where -w.account == \"x\" derive Plain { account: w.account } }",
     "E0303 1:33\n"},
    {"agent a { on Withdrawal w where w.n / 2 == 3 and w.n % 2 == 1 and 7 / 2 == 3 derive Plain { account: "
     "w.account } }",
     ""},
};

static const Case agents[] = {
    {"agent a in PerAccount { on Withdrawal w detect count(w) > limit match once derive Plain { account: "
     "w.account } }",
     ""},
    {"agent a in PerAccount { on Withdrawal w detect count(w) > limit derive Plain { account: w.account } }",
     "E0505 1:48 say how often it fires: `match once`, `match every time`, `quiet 10 min`, or `detect becomes …`\n"},
    {"agent a in PerAccount { on Withdrawal w detect count(w) > limit derive Plain { account: w.account } "
     "quiet 10 min }",
     "W0001 1:101\n"},
    {"agent a in PerAccount, Day { on Withdrawal w detect count(w) > limit match once derive Plain { "
     "account: w.account } }",
     "W0001 1:70\n"},
    {"agent a in PerAccount { on Withdrawal w detect count(w) > limit evaluate at close match once derive "
     "Plain { account: w.account } }",
     "E0504 1:65 give it a context that closes, such as `fixed every 1 h`, or write `evaluate immediately`\n"},
    {"agent a in PerAccount { on Withdrawal w detect becomes count(w) > limit derive Plain { account: "
     "w.account } }",
     ""},
    {"agent a in PerAccount { on Withdrawal w detect count(w) > limit within 5 min match every time derive "
     "Plain { account: w.account } }",
     ""},
    {"agent a in PerAccount { on Withdrawal w detect distinct(w.atm) > limit match once derive Plain { "
     "account: w.account } }",
     "E0503 1:48 give the agent a context that closes or trails, such as `fixed every 1 h` or `last 10 min`\n"},
    {"agent a in PerAccount { on Login l derive Plain { account: l.user } }",
     "E0501 1:12\n"},
    {"agent a in by account { on Withdrawal w on Login l detect w -> l within 5 min derive Plain { account: "
     "w.account } }",
     "E0501 1:15 name it for each type: `by account = Withdrawal.account | Login.…`\n"},
    {"agent a in by account = Withdrawal.account | Login.user { on Withdrawal w on Login l detect w -> l "
     "within 5 min derive Plain { account: w.account } }",
     ""},
    {"agent a in by account = Withdrawal.account | Login.usr { on Withdrawal w on Login l detect w -> l "
     "within 5 min derive Plain { account: w.account } }",
     "E0203 1:52 did you mean `user`?\n"},
    {"agent a in by account = Withdrawal.account { on Withdrawal w on Login l detect w -> l within 5 min "
     "derive Plain { account: w.account } }",
     "E0501 1:15 name it for each type: `by account = Withdrawal.account | Login.…`\n"},
    {"agent a in by account = Withdrawl.account { on Withdrawal w derive Plain { account: w.account } }",
     "E0201 1:25 did you mean `Withdrawal`?\n"},
    {"agent a in by n { on Withdrawal w on Deposit l detect w -> l within 5 min derive Plain { account: "
     "w.account } }",
     "E0502 1:15\n"},
    {"agent a in by items { on Withdrawal w derive Plain { account: w.account } }",
     "E0502 1:15\n"},
    {"agent a in by (account, account) { on Withdrawal w derive Plain { account: w.account } }",
     "E0213 1:25\n"},
    {"agent a in PerAcount { on Withdrawal w derive Plain { account: w.account } }",
     "E0207 1:12 did you mean `PerAccount`?\n"},
    {"context X = Y context Y = X agent a in X { on Withdrawal w derive Plain { account: w.account } }",
     "E0222 1:9\n"},
    {"agent a in by account, last 5 min { on Withdrawal w derive Alarm { account: context.key.account, "
     "count: count(w) } }",
     ""},
    {"agent a in by account, last 5 min { on Withdrawal w derive Alarm { account: context.key.acount, "
     "count: count(w) } }",
     "E0221 1:89 did you mean `account`?\n"},
    {"agent a { on Withdrawal w derive Alarm { account: context.key.acount, count: count(w) } }",
     "E0221 1:63 it needs `by acount`\n"},
    {"agent a in by account { on Withdrawal w where context.start < w.at derive Alarm { account: "
     "context.band } }",
     "E0221 1:55 it needs a temporal context, such as `fixed every 1 h`\n"
     "E0221 1:100 it needs a context with `bands`\n"},
    {"agent a in from Login l to Login o where o.user == l.user for at most 1 h { on Withdrawal w derive "
     "Alarm { account: l.user, count: count(w) } }",
     ""},
    {"agent a in from Login l to Login o where o.user == l.usr for at most 1 h { on Withdrawal w derive "
     "Alarm { account: l.user, count: count(w) } }",
     "E0203 1:54 did you mean `user`?\n"},
    {"agent a in from Login l to Login o { on Withdrawal w derive Alarm { account: o.user, count: count(w) "
     "} }",
     "E0302 1:78 write `o.user ?? default`\n"},
    {"agent a in from Login l to Login o { on Withdrawal w derive Alarm { account: context.initiator.user, "
     "count: count(w) } }",
     ""},
    {"agent a in from Logn l to Login o { on Withdrawal w derive Alarm { account: l.user, count: count(w) } "
     "}",
     "E0201 1:17 did you mean `Login`?\n"},
    {"agent a in bands { low: amount < 10 high: amount >= 10 } { on Withdrawal w derive Alarm { account: "
     "context.band, count: count(w) } }",
     ""},
    {"agent a in bands { low: amoun < 10 high: amount } { on Withdrawal w derive Alarm { account: "
     "context.band, count: count(w) } }",
     "E0202 1:25 did you mean `amount`?\n"
     "E0304 1:42 compare it: `amount > 0`\n"},
    {"agent a in while Account[account].rank > 3 { on Withdrawal w derive Alarm { account: w.account, "
     "count: count(w) } }",
     ""},
    {"agent a in place within Zone.shape { on Withdrawal w derive Alarm { account: context.entity.name, "
     "count: count(w) } emit immediately }",
     ""},
    {"agent a in near place to Zone.site bands { close: 0 m .. 2 km far: 5 km .. 2 km } { on Withdrawal w "
     "derive Alarm { account: context.band } }",
     "E0514 1:63\n"},
    {"agent a in near place to Zone.shap bands { close: 0 m .. 2 km } { on Withdrawal w derive Alarm { "
     "account: context.band } }",
     "E0205 1:31 did you mean `shape`?\n"},
    {"agent a in fixed every 0 s { on Withdrawal w derive Alarm { account: w.account } }",
     "E0514 1:24\n"},
    {"agent a in fixed every 1 month zone \"Europe/Lisbon\" { on Withdrawal w derive Alarm { account: "
     "w.account, count: count(w) } }",
     ""},
    {"agent a in fixed from 2026-01-05T08:00:00 for 9 h every 1 day { on Withdrawal w derive Alarm { "
     "account: w.account } }",
     "E0312 1:23 write `Z` behind it, or an offset such as `+01:00`\n"},
    {"agent a in session gap limit { on Withdrawal w derive Alarm { account: w.account } }",
     "E0313 1:24\n"},
    {"agent a in session gap gap { on Withdrawal w derive Alarm { account: w.account } }",
     ""},
    {"agent a in last 0 events { on Withdrawal w derive Alarm { account: w.account } }",
     "E0514 1:17\n"},
    {"agent a in from Login l to Login o, by user { on Login w derive Alarm { account: w.user, count: "
     "count(w) } }",
     "W0004 1:12 write the key first to give each key windows of its own\n"},
    {"agent a in outside Day { on Withdrawal w derive Alarm { account: w.account } }",
     ""},
    {"agent a { on Withdrawal w on Deposit d detect w -> d derive Plain { account: w.account } }",
     "E0503 1:47 write `within 10 min`, or give the agent a context that closes or trails, such as `last 10 min`\n"},
    {"agent a { on Withdrawal w on Deposit d detect w -> next d derive Plain { account: w.account } }",
     ""},
    {"agent a { on Withdrawal w on Deposit d detect w -> d match once derive Plain { account: w.account } }",
     ""},
    {"agent a { on Withdrawal w on Deposit d detect w -> d where d.amount > 2 * w.amount within 1 h derive "
     "Plain { account: w.account } }",
     ""},
    {"agent a { on Withdrawal w on Deposit d detect w -> x within 1 h derive Plain { account: w.account } }",
     "E0210 1:52\n"},
    {"agent a { on Withdrawal w on Deposit d detect w -> w within 1 h derive Plain { account: w.account } }",
     "E0506 1:52 write a second `on` line with an alias of its own, or a loop `w{2}`\n"},
    {"agent a { on Withdrawal w on Deposit d detect (w -> d) or w within 1 h derive Plain { account: "
     "w.account } }",
     ""},
    {"agent a { on Withdrawal w on Deposit d detect w or d derive Plain { account: w.account } }",
     "E0302 1:78 write `w.account ?? default`\n"},
    {"agent a { on Withdrawal w on Deposit d detect w+ -> d within 1 h derive Alarm { account: "
     "w[1].account, count: count(w), total: sum(w.amount) } }",
     ""},
    {"agent a { on Withdrawal w on Deposit d detect w* -> d within 1 h derive Alarm { account: w.account } "
     "}",
     "E0302 1:90 write `w.account ?? default`\n"},
    {"agent a { on Withdrawal w on Deposit d detect w+ -> d where w.amount > w[prev].amount and "
     "w[last].amount > d.amount within 1 h derive Alarm { account: w[2].account } }",
     "E0302 1:152 write `w[2].account ?? default`\n"},
    {"agent a { on Withdrawal w on Deposit d detect w{2,} -> d within 1 h derive Alarm { account: "
     "w[2].account } }",
     ""},
    {"agent a { on Withdrawal w on Deposit d detect w+ -> d derive Alarm { account: w.account } }",
     "E0503 1:47 write `within 10 min`, an upper bound such as `{1,100}`, or a context that closes or trails\n"},
    {"agent a { on Withdrawal w on Deposit d detect w{5,2} -> d within 1 h derive Alarm { account: "
     "w.account } }",
     "E0512 1:48\n"},
    {"agent a { on Withdrawal w on Deposit d detect w+ until w -> d within 1 h derive Alarm { account: "
     "w.account } }",
     "E0512 1:56\n"},
    {"agent a { on Withdrawal w on Deposit d detect w+ strict any -> d within 1 h derive Alarm { account: "
     "w.account } }",
     "E0512 1:48 `strict` forbids what `any` leaves out\n"},
    {"agent a { on Withdrawal w on Deposit d detect w* -> d* within 1 h derive Alarm { account: \"x\" } }",
     "E0509 1:47 write `+` for the loop that must have an event\n"},
    {"agent a { on Withdrawal w on Deposit d detect not d derive Alarm { account: w.account } }",
     "E0509 1:47 a negation stands behind a participant: `a -> not x for 10 min`\n"},
    {"agent a { on Withdrawal w on Deposit d detect w -> not d derive Alarm { account: w.account } }",
     "E0509 1:52 write `not d for 10 min`\n"},
    {"agent a { on Withdrawal w on Deposit d detect w -> not d for 10 min derive Alarm { account: w.account "
     "} }",
     ""},
    {"agent a { on Withdrawal w on Deposit d detect w -> not d for 10 min derive Alarm { account: d.account "
     "} }",
     "E0219 1:93\n"},
    {"agent a { on Withdrawal w on Deposit d on Login l detect w -> not d -> l where d.amount > w.amount "
     "within 1 h derive Alarm { account: w.account } }",
     ""},
    {"agent a { on Withdrawal w on Deposit d on Login l detect w -> not d -> l where d.account == l.user "
     "within 1 h derive Alarm { account: w.account } }",
     "E0513 1:80\n"},
    {"agent a { on Withdrawal w on Deposit d on Login l detect w -> not d -> not l for 1 min where "
     "d.account == l.user derive Alarm { account: w.account } }",
     "E0513 1:94 write a condition for each, joined by `and`\n"},
    {"agent a { on Withdrawal w on Deposit d detect w -> not d for 5 min each derive Alarm { account: "
     "w.account } }",
     "E0503 1:47 write `within 1 h`, or `match at most 10`\n"},
    {"agent a { on Withdrawal w on Deposit d detect all(w, not d) derive Alarm { account: w.account } }",
     "E0509 1:47 write `within 10 min` behind the pattern\n"},
    {"agent a { on Withdrawal w on Deposit d detect w -> not w for 5 min derive Alarm { account: w.account "
     "} }",
     "E0506 1:56\n"},
    {"agent a { on Withdrawal w on Deposit d on Login l detect w -> not d -> l? within 5 min derive Alarm { "
     "account: w.account } }",
     "W0006 1:72 write `for D` behind the negation\n"},
    {"agent a { on Withdrawal w on Deposit d detect w within 5 min derive Alarm { account: w.account } }",
     "W0003 1:38 its events only count where `next` or `strict` forbids what lies between\n"},
    {"agent a in Day { on Withdrawal w on Deposit d detect absent(d) derive Alarm { account: \"x\" } }",
     ""},
    {"agent a { on Withdrawal w detect absent(w) derive Alarm { account: \"x\" } }",
     "E0504 1:34 give it a context that closes, such as `fixed every 1 h`, or use `expect`\n"},
    {"agent a in Day { on Withdrawal w detect absent(w) evaluate immediately derive Alarm { account: \"x\" "
     "} }",
     "E0507 1:51 absence is known only when the context closes\n"},
    {"agent a { on Withdrawal w detect highest 3 w by w.amount derive Alarm { account: w.account } }",
     "E0504 1:34 give it a context that closes, such as `fixed every 1 h`, or write `evaluate immediately`\n"},
    {"agent a in Day { on Withdrawal w detect highest 3 w by w.amount derive Alarm { account: w.account, "
     "count: count(w) } }",
     ""},
    {"agent a { on Withdrawal w detect first 2 w derive Alarm { account: w.account } }",
     ""},
    {"agent a in Day { on Withdrawal w detect highest 0 w by w.ok derive Alarm { account: w.account } }",
     "E0509 1:49\n"
     "E0303 1:56\n"},
    {"agent a in Day { on Withdrawal w detect always w.amount < 4 derive Alarm { account: w.account } }",
     ""},
    {"agent a in Day { on Withdrawal w detect always w.amount derive Alarm { account: w.account } }",
     "E0304 1:48 compare it: `w.amount > 0`\n"},
    {"agent a in by sensor { on Reading w detect increasing w.temp run 4 by 5 % match every time derive "
     "Alarm { account: w.sensor } }",
     ""},
    {"agent a in by sensor, Day { on Reading w detect increasing w.temp run 1 derive Alarm { account: "
     "w.sensor } }",
     "E0509 1:71\n"},
    {"agent a in by sensor, Day { on Reading w detect increasing w.who derive Alarm { account: w.sensor } }",
     "E0303 1:60\n"},
    {"agent a in by account { on Withdrawal w detect enters Zone.shape z at w.place derive Alarm { account: "
     "z.name } }",
     ""},
    {"agent a in by account { on Withdrawal w detect stays Zone.site z at w.amount for 10 min derive Alarm "
     "{ account: z.name } }",
     "E0303 1:59\n"
     "E0303 1:69\n"},
    {"agent a in by account, Day { on Withdrawal w detect moving w.place constant ne derive Alarm { "
     "account: w.account } }",
     ""},
    {"agent a { on Withdrawal w on Deposit d detect w -> d within 1 h pick d last, d first derive Alarm { "
     "account: w.account } }",
     "E0213 1:78\n"},
    {"agent a { on Withdrawal w on Deposit d detect w -> d within 1 h pick w max(w.amount), d "
     "min(d.account) derive Alarm { account: w.account } }",
     ""},
    {"agent a { on Withdrawal w on Deposit d detect w -> d within 1 h pick w max(d.amount) derive Alarm { "
     "account: w.account } }",
     "E0219 1:76 a condition over several participants stands in the `where` of `detect`\n"},
    {"agent a { on Withdrawal w on Deposit d detect w -> d within 1 h pick first consume matched evaluate "
     "immediately match every time derive Alarm { account: w.account } }",
     "W0001 1:113\n"
     "W0001 1:65\n"
     "W0001 1:76\n"
     "W0001 1:92\n"},
    {"agent a { on Withdrawal w on Deposit d detect w -> d within 1 h consume none derive Alarm { account: "
     "w.account } }",
     "W0005 1:65 write `pick d each`\n"},
    {"agent a { on Withdrawal w on Deposit d detect w -> d within 1 h consume before x derive Alarm { "
     "account: w.account } }",
     "E0210 1:80\n"},
    {"agent a { on Withdrawal w on Deposit d detect w -> d within 1 h evaluate on d derive Alarm { account: "
     "w.account } }",
     ""},
    {"agent a { on Withdrawal w on Deposit d detect w -> d within 1 h evaluate on z derive Alarm { account: "
     "w.account } }",
     "E0210 1:77\n"},
    {"agent a { on Withdrawal w on Deposit d detect w -> d within 1 h evaluate at close derive Alarm { "
     "account: w.account } }",
     "E0504 1:65 give it a context that closes, such as `fixed every 1 h`, or write `evaluate immediately`\n"},
    {"agent a in Day { on Withdrawal w detect count(w) > 3 pick first derive Alarm { account: w.account } }",
     "E0507 1:54 the match is the whole set\n"},
    {"agent a in Day { on Withdrawal w detect count(w) > 3 consume before w derive Alarm { account: "
     "w.account } }",
     "E0507 1:54\n"},
    {"agent a { on Withdrawal w match once derive Alarm { account: w.account } }",
     "E0507 1:27 write `detect` and the alias\n"},
    {"agent a { on Withdrawal w on Deposit d detect w -> d within 1 h match once per run derive Alarm { "
     "account: w.account } }",
     "E0507 1:65 a run is `increasing w.x run 4`\n"},
    {"agent a { on Withdrawal w on Deposit d detect w -> d within 1 h order by ammount derive Alarm { "
     "account: w.account } }",
     "E0203 1:74 did you mean `amount`?\n"},
    {"agent a in Day { on Withdrawal w derive Alarm { account: w.account, count: count(w) } emit at close }",
     ""},
    {"agent a in PerAccount { on Withdrawal w derive Alarm { account: w.account, count: count(w) } emit at "
     "close }",
     "E0504 1:94 give it a context that closes, such as `fixed every 1 h`\n"},
    {"agent a in PerAccount { on Withdrawal w derive Alarm { account: w.account } emit immediately }",
     "E0508 1:77\n"},
    {"agent a in PerAccount { on Withdrawal w otherwise derive Alarm { account: w.account } }",
     "E0508 1:41 write `else derive` for events that a condition turns away\n"},
    {"agent a { on Withdrawal w derive Alarm { account: w.account } else derive Plain { account: w.account "
     "} }",
     "E0508 1:63\n"},
    {"agent a in PerAccount { on Withdrawal w expect Deposit d within 5 min otherwise derive Alarm { "
     "account: d.account } }",
     "E0302 1:105 write `d.account ?? default`\n"},
    {"agent a in PerAccount { on Withdrawal w expect Deposit d within 5 min or discard on Deposit z where "
     "z.amount > 3 otherwise derive Alarm { account: z.account } }",
     "E0219 1:148\n"},
    {"agent a in PerAccount { on Withdrawal w expect Deposit d within limit otherwise derive Alarm { "
     "account: w.account } }",
     "E0313 1:65\n"},
    {"agent a { on Withdrawal w on Deposit d join w, d where w.account == d.account derive Plain { account: "
     "w.account } }",
     "E0503 1:40 write `within 10 min`, or give the agent a context that closes or trails, such as `last 10 min`\n"},
    {"agent a { on Withdrawal w on Deposit d join w, d where w.account == d.account within 5 min unmatched "
     "both output derive Plain { account: w.account } }",
     "E0302 1:138 write `w.account ?? default`\n"},
    {"agent a { on Withdrawal w on Deposit d join w, x where w.account == d.account within 5 min derive "
     "Plain { account: w.account } }",
     "E0210 1:48\n"},
    {"agent a { on Withdrawal w sort by w.ok within 5 s derive Plain { account: w.account } }",
     "E0303 1:35\n"},
    {"agent a { on Withdrawal w for each item in w.items derive Plain { account: item } }",
     ""},
    {"agent a { on Withdrawal w for each item in w.n derive Plain { account: item } }",
     "E0303 1:44\n"},
    {"agent a in PerAccount { on Withdrawal w derive Plain { account: w.account } quiet 5 min }",
     "W0001 1:77\n"},
    {"agent a in PerAccount { on Withdrawal w derive Alarm { account: w.account } quiet 5 min per w.atm }",
     ""},
    {"agent a in PerAccount { on Withdrawal w update Account { id: w.account, owner: \"x\", rank: "
     "Account[w.account].rank + 1 } }",
     ""},
    {"agent a in PerAccount { on Withdrawal w update Account { id: w.account, owner: \"x\", rank: "
     "(Account[w.account].rank ?? 0) + 1 } }",
     ""},
    {"agent a { on Withdrawal w update Account { id: w.account, rank: (Account[w.account].rank ?? 0) + 1 } "
     "}",
     "E0511 1:7 key the agents by the key of the table, or put a delay into the cycle\n"},
    {"agent a { on Withdrawal w update Account { owner: \"x\" } }",
     "E0316 1:34\n"},
    {"agent a { on Withdrawal w update Account { id: w.account, ownr: \"x\" } }",
     "E0205 1:59 did you mean `owner`?\n"},
    {"agent a { on Withdrawal w delete Account by w.n }",
     "E0305 1:45 write `text(w.n)`\n"},
    {"agent a { on Withdrawal w delete Account by w.account } agent b { on Deposit d delete Account by "
     "d.account }",
     "E0510 1:87 declare it `shared` if that is meant\n"},
    {"agent a { on Plain p derive Alarm { account: p.account } } agent b { on Alarm p derive Plain { "
     "account: p.account } }",
     "E0511 1:7 put a delay into the cycle: `emit at close`, `otherwise`, `not … for`\n"},
    {"agent a { on Plain p derive Plain { account: p.account } }",
     "W0007 1:29 it does not see its own output\n"},
    {"agent a { on Plain p derive Alarm { account: p.account } } agent b in fixed every 1 h { on Alarm p "
     "derive Plain { account: text(count(p)) } emit at close }",
     ""},
    {"agent a { on Plain p where p.account in Account derive Alarm { account: p.account } } agent b { on "
     "Alarm p update Account { id: p.account, owner: \"y\", rank: 1 } } agent c { on Withdrawal w where "
     "Account[w.account].rank > 1 derive Plain { account: w.account } }",
     "E0511 1:7 key the agents by the key of the table, or put a delay into the cycle\n"},
    {"agent a in Day { on Withdrawal w derive Alarm { account: w.account, count: count(w where w.amount > "
     "10), total: sum(w.amount * 2) } }",
     ""},
    {"agent a in Day { on Withdrawal w derive Alarm { account: w.account, total: avg(w.amount) } }",
     "E0302 1:76 write `avg(w.amount) ?? default`\n"},
    {"agent a in Day { on Withdrawal w derive Alarm { account: w.account, total: avg(w.amount) ?? 0, count: "
     "count(w.account) } }",
     ""},
    {"agent a in Day { on Withdrawal w derive Alarm { account: w.account, total: sum(w.account) } }",
     "E0310 1:80 `distinct` and `count` take strings\n"},
    {"agent a in Day { on Withdrawal w derive Alarm { account: w.account, total: sum(count(w)) } }",
     "E0309 1:80\n"},
    {"agent a in Day { on Withdrawal w derive Alarm { account: w.account, count: count(3) } }",
     "E0310 1:76 write `count(w)`\n"},
    {"agent a in Day { on Withdrawal w derive Alarm { account: w.account, count: count() } }",
     "E0310 1:76 write `count(w)`\n"},
    {"agent a in Day { on Withdrawal w on Deposit d derive Alarm { account: w.account, total: sum(w.amount "
     "+ d.amount) } }",
     "E0310 1:104\n"},
    {"agent a in Day { on Withdrawal w derive Alarm { account: first(w.account) ?? \"\", count: "
     "previous(count(w)) ?? 0 } }",
     ""},
    {"agent a in Day { on Withdrawal w derive Alarm { account: w.account, total: percentile(w.amount, 150) "
     "?? 0, owner: top(w.account, 3)[0].value } }",
     "E0310 1:97\n"},
    {"agent a in Day { on Withdrawal w derive Alarm { account: w.account, total: rate(w, 1 min) } }",
     ""},
    {"agent a in Day { on Withdrawal w derive Alarm { account: w.account, total: rate(w, 3) } }",
     "E0305 1:84 a duration has a unit: `3 s`\n"},
    {"agent a in PerAccount { on Withdrawal w expect Deposit d where d.amount > w.amount within 5 min "
     "derive Plain { account: d.account } otherwise derive Alarm { account: w.account, owner: d.account } }",
     ""},
    {"agent a in fixed from @2026-03-02 to @2026-03-02 zone \"UTC\" { on Withdrawal w derive Alarm { "
     "account: w.account } }",
     ""},
    {"agent a in fixed from @2026-03-02 to @2026-03-01 zone \"UTC\" { on Withdrawal w derive Alarm { "
     "account: w.account } }",
     "E0514 1:38\n"},
    {"agent a { on Withdrawal w on Deposit d detect w -> not w for 5 min derive Alarm { account: w.account "
     "} }",
     "E0506 1:56\n"},
};

static const Case declarations[] = {
    {"event Withdrawal { account : string }",
     "E0212 2:7\n"},
    {"event E { a : int a : string }",
     "E0213 1:19\n"},
    {"event E { a : int = b b : int = a }",
     "E0222 1:11\n"},
    {"event E { a : int = b + 1 b : int = 3 c : float = 1 d : int = \"x\" }",
     "E0305 1:63\n"},
    {"event E { a : int where a > 0 b : int where c > 0 }",
     "E0202 1:45\n"},
    {"event E { a : int? b : int = a }",
     "E0302 1:30 write `a ?? default`\n"},
    {"event E extends Withdrawl { a : int }",
     "E0201 1:17 did you mean `Withdrawal`?\n"},
    {"event E extends F { a : int } event F extends E { b : int }",
     "E0222 1:7\n"},
    {"event E extends Plain { account : string }",
     "E0213 1:25\n"},
    {"event E extends Withdrawal where amount > 1000 { reason : string } agent a { on E e derive Plain { "
     "account: e.account } }",
     ""},
    {"event E extends Withdrawal where amoun > 1000 { reason : string }",
     "E0202 1:34 did you mean `amount`?\n"},
    {"event E { a : int time a }",
     "E0322 1:24\n"},
    {"event E { a : int time b }",
     "E0203 1:24\n"},
    {"event E { a : int id a source a }",
     "E0322 1:31\n"},
    {"event E { a : int retracts Plain by a }",
     "E0203 1:28\n"},
    {"event E { account : string retracts Plain by account }",
     ""},
    {"event E { account : string chronon limit }",
     "E0313 1:36\n"},
    {"event E as \"w\" { a : int } event F as \"w\" { a : int }",
     "E0212 1:39\n"},
    {"table T key x { y : string }",
     "E0205 1:13\n"},
    {"table T key x { x : string? }",
     "E0302 1:13 its type is written without `?`\n"},
    {"table T key x, y, z { x : string y : string z : string }",
     "E0314 1:19\n"},
    {"param p : int = \"x\"",
     "E0305 1:17\n"},
    {"param p : int",
     "E0318 1:7 write `= value`, or give it with --param p=value\n"},
    {"param p : int = q param q : int = p",
     "E0222 1:7\n"},
    {"param p : duration = 5",
     "E0305 1:22 a duration has a unit: `5 s`\n"},
    {"param p : string = limit",
     "E0305 1:20 write `text(limit)`\n"},
    {"function f(x : int) = f(x)",
     "E0222 1:10 functions cannot be recursive\n"},
    {"function f(x : int, x : int) = x",
     "E0213 1:21\n"},
    {"function f(x : int) = y",
     "E0202 1:23\n"},
    {"function abs(x : int) = x",
     "E0212 1:10 choose another name\n"},
    {"function f(x : int) = g(x) function g(x : int) = f(x)",
     "E0222 1:10 functions cannot be recursive\n"},
    {"producer p of Withdrawl from \"x\"",
     "E0201 1:15 did you mean `Withdrawal`?\n"},
    {"producer p of Withdrawal from \"file:x\" agent a { on Deposit d derive Plain { account: d.account } }",
     "W0002 1:46 no producer sends `Deposit` and no agent derives it\n"},
    {"producer p from \"file:x\" type field \"id\" { 1 => Plain 1 => Deposit }",
     "E0213 1:55\n"},
    {"channel c of Plain { route by acount }",
     "E0202 1:31 did you mean `account`?\n"},
    {"channel c of Plain { keep limit }",
     "E0313 1:27\n"},
    {"channel c of Plain { route where { x: account == 3 } }",
     "E0301 1:50 write `\"3\"`\n"},
    {"consumer c of fraud to \"x\"",
     "E0217 1:15\n"},
    {"consumer c of Alarm where severity >= high and count > 3 to \"x\"",
     ""},
    {"consumer c of Alarm where severty >= high to \"x\"",
     "E0202 1:27\n"},
    {"consumer c of t.errors to \"x\"",
     ""},
    {"network N(in Tx, out Alarm) { event Tx { a : int } agent x { on Tx t derive Plain { account: t.b } } "
     "} agent f = N(Plain -> Tx)",
     "E0203 1:96\n"},
    {"network N(in Tx, out Alarm) { event Tx { a : string } agent x { on Tx t derive Plain { account: t.a } "
     "} } agent f = N(Plain -> Ty)",
     "E0218 1:128 did you mean `Tx`?\n"},
    {"network N(in Tx) { }",
     "E0201 1:14\n"},
    {"agent f = M(Plain -> Tx)",
     "E0218 1:11\n"},
    {"agent a { on Plain p derive Alarm from p } test \"x\" { at 2026-01-01T00:00:00Z Plain { account: "
     "\"x\" } expect Alarm { account: \"x\" } }",
     ""},
    {"agent a { on Plain p derive Alarm from p } test \"x\" { at 2026-01-01T00:00:00Z Plan { account: \"x\" "
     "} expect Alarm { acount: \"x\" } expect Alrm { } }",
     "E0201 1:79 did you mean `Plain`?\n"
     "E0203 1:116 did you mean `account`?\n"
     "E0201 1:137 did you mean `Alarm`?\n"},
    {"agent a { on Plain p derive Alarm from p } test \"x\" of b { at 2026-01-01T00:00:00Z Plain { account: "
     "3 } expect Alarm { count: \"x\" } }",
     "E0209 1:56\n"
     "E0305 1:101 write `text(3)`\n"
     "E0305 1:127\n"},
    {"agent a { on Plain p derive Alarm from p } test \"x\" with { limit: \"a\", lmt: 3 } { at +3 h Plain { "
     "account: p.x } advance 3 h }",
     "E0305 1:67\n"
     "E0208 1:72 did you mean `limit`?\n"
     "E0202 1:108\n"},
    {"test \"x\" { table Account { id: \"x\", ownr: \"y\" } table Acount { id: \"x\" } table Account { "
     "owner: \"x\" } }",
     "E0205 1:37 did you mean `owner`?\n"
     "E0204 1:55 did you mean `Account`?\n"
     "E0316 1:80\n"},
    {"test \"x\" { at +1 h Plain { account: \"x\" } repeat 0 every gap } test \"x\" { }",
     "E0602 1:50\n"
     "E0212 1:69\n"},
    {"test \"x\" { at +1 h Plain { account: null, $source: 3 } expect exactly { Alarm { total: 3 } times 0 "
     "} }",
     "E0305 1:52 write `text(3)`\n"
     "E0602 1:98\n"},
    {"test \"x\" { at 2026-01-01T00:00:00 Plain { account: \"x\" } at +1 h cep.Late { } }",
     "E0312 1:15 write `Z` behind it, or an offset such as `+01:00`\n"
     "E0601 1:66\n"},
    {"test \"x\" { at +1 h Plain { account: Account[\"x\"].owner, account: \"y\" } }",
     "E0213 1:57\n"
     "E0311 1:37\n"},
    {"network a network b",
     "E0216 1:19\n"},
    {"time occurrence lateness limit",
     "E0313 1:26\n"},
    {"time occurrence lateness 3 s time detection",
     "E0212 1:30\n"},
    {"agent a { on Plain p derive Alarm from p } agent a { on Plain p derive Alarm from p }",
     "E0212 1:50\n"},
    {"agent a { on cep.Late l derive Plain { account: l.type ?? \"x\" } }",
     ""},
    {"agent a { on cep.Late l derive cep.Late { type: l.tpe } }",
     "E0211 1:32\n"
     "E0203 1:51 did you mean `type`?\n"
     "W0007 1:32 it does not see its own output\n"},
    {"agent a { on cep.Lte l derive Plain { account: \"x\" } }",
     "E0201 1:14\n"},
    {"use \"nothing.cep\"",
     "E0215 1:5 the path is relative to the file that names it\n"},
    {"event E extends Withdrawal { x : int } agent a in by atm { on Withdrawal w derive Alarm { account: "
     "w.account } } agent b in by x { on Withdrawal w derive Plain { account: \"x\" } }",
     "E0501 1:128 name it for each type: `by x = E.x | Withdrawal.…`\n"},
    {"agent a in by account { on Withdrawal w on Deposit d where d.amount > 3 expect Login l where l.user "
     "== w.account within 5 min otherwise derive Alarm { account: w.account } }",
     "E0501 1:15 name it for each type: `by account = Withdrawal.account | Login.…`\n"
     "E0302 1:161 write `w.account ?? default`\n"},
    {"event R { a : record { x : int, y : string? } l : list<float> m : map<int> } agent a { on Plain p "
     "derive R { a: { x: 1 }, l: [1, 2.5], m: { k: 3 } } }",
     ""},
    {"event R { a : record { x : int, y : string? } l : list<float> m : map<int> } agent a { on Plain p "
     "derive R { a: { x: \"1\", z: 3 }, l: [\"a\"], m: { k: \"3\" } } }",
     "E0305 1:118\n"
     "E0203 1:123\n"
     "E0305 1:135\n"
     "E0305 1:149\n"},
    {"agent a { on Withdrawal w where c > 3 let c = count(w) let d = c derive Plain { account: \"x\" } }",
     "E0309 1:33\n"},
    {"agent a { on Withdrawal w where d.amount > 3 on Deposit d derive Plain { account: w.account } }",
     "E0219 1:33 a condition over several participants stands in the `where` of `detect`\n"},
};

static void cases_run(const Case *cases, size_t n)
{
    uint32_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        Run run;
        run_begin(&run, cases[i].program, prelude, NULL);
        Text said = run_said(&run);
        if (!text_is_c(said, cases[i].said)) {
            print_error("%s\nexpected:\n%sgot:\n%.*s\n", cases[i].program, cases[i].said, TEXT_ARGS(said));
            wrong++;
        }
        if ((run.model == NULL) != (run.diagnostics.errors > 0))
            wrong++;
        run_end(&run);
    }
    assert_int_equal(wrong, 0);
}

static void test_expressions(void **state)
{
    (void)state;
    cases_run(expressions, sizeof expressions / sizeof *expressions);
}

static void test_agents(void **state)
{
    (void)state;
    cases_run(agents, sizeof agents / sizeof *agents);
}

static void test_declarations(void **state)
{
    (void)state;
    cases_run(declarations, sizeof declarations / sizeof *declarations);
}

/* ---- types of expressions -------------------------------------------------------------------------- */

static const struct {
    const char *expr, *type;
} types[] = {
    {"1", "int"},
    {"1.5", "float"},
    {"-1", "int"},
    {"1 + 2.5", "float"},
    {"w.n", "int"},
    {"w.n + 1", "int"},
    {"w.n + 1.5", "float"},
    {"w.n + w.amount", "float"},
    {"w.amount * 2", "float"},
    {"w.n / 2", "int"},
    {"w.n / 2.0", "float"},
    {"7 / 2", "int"},
    {"w.n % 2", "int"},
    {"w.at - w.at", "duration"},
    {"w.at + 5 min", "time"},
    {"w.at - w.wait", "time"},
    {"w.wait + 1 h 30 min", "duration"},
    {"w.wait / 1 s", "float"},
    {"w.wait / 2", "duration"},
    {"w.wait * 2.5", "duration"},
    {"-w.wait", "duration"},
    {"200 m", "float"},
    {"w.note", "string?"},
    {"w.note ?? \"x\"", "string"},
    {"w.note ?? w.note", "string?"},
    {"lower(w.note)", "string?"},
    {"lower(w.note) ?? \"x\"", "string"},
    {"w.note == \"x\"", "bool?"},
    {"(w.note == \"x\") ?? false", "bool"},
    {"w.note is null", "bool"},
    {"not w.ok", "bool"},
    {"w.ok and w.note == \"x\"", "bool?"},
    {"w.n == w.amount", "bool"},
    {"w.n in [1, 2]", "bool"},
    {"if w.ok then 1 else 2", "int"},
    {"if w.ok then 1 else 2.5", "float"},
    {"if w.ok then w.n else w.amount", "float"},
    {"if w.ok then w.n else null", "int?"},
    {"[1, 2.5]", "list<float>"},
    {"[\"a\"]", "list<string>"},
    {"{ a: 1, b: \"x\" }", "record { a : int, b : string }"},
    {"w.items[0]", "string?"},
    {"w.$time", "time"},
    {"w.$causes", "list<string>"},
    {"w.$retracts", "string?"},
    {"limit", "int"},
    {"gap", "duration"},
    {"twice(w.amount)", "float"},
    {"twice(2)", "float"},
    {"Account[w.account].rank", "int"},
    {"w.account in Account", "bool"},
    {"x.owner", "string?"},
    {"now()", "time"},
    {"abs(w.n)", "int"},
    {"abs(w.amount)", "float"},
    {"min(w.n, 2)", "int"},
    {"max(w.amount, 2)", "float"},
    {"sqrt(w.n)", "float"},
    {"floor(w.amount)", "float"},
    {"split(w.account, \",\")", "list<string>"},
    {"capture(/a(b)/, w.account, 1)", "string?"},
    {"coalesce(w.note, w.note, \"x\")", "string"},
    {"format(\"%s %d\", w.note, w.n)", "string"},
    {"distance(w.place, point(1, 2))", "float?"},
    {"hour(w.at)", "int"},
    {"truncate(w.at, 1 h)", "time"},
    {"nearest(Zone.site, point(1, 2)).name", "string?"},
    {"w.account matches /x/", "bool"},
    {"w.account == any [\"a\", \"b\"]", "bool"},
};

static const struct {
    const char *expr, *type;
} aggregates[] = {
    {"count(w)", "int"},
    {"count(w where w.amount > 10)", "int"},
    {"sum(w.n)", "int"},
    {"sum(w.amount * 2)", "float"},
    {"sum(w.wait)", "duration"},
    {"avg(w.n)", "float?"},
    {"avg(w.wait)", "duration?"},
    {"min(w.n)", "int?"},
    {"max(w.at)", "time?"},
    {"first(w.account)", "string?"},
    {"last(w.ok)", "bool?"},
    {"distinct(w.atm)", "int"},
    {"values(w.atm)", "list<string>"},
    {"list(w.n)", "list<int>"},
    {"median(w.amount)", "float?"},
    {"stdev(w.n)", "float?"},
    {"percentile(w.amount, 99)", "float?"},
    {"top(w.atm, 3)", "list<record { value : string, count : int }>"},
    {"top(w.atm, 3)[0].count", "int?"},
    {"slope(w.amount)", "float?"},
    {"rate(w, 1 min)", "float"},
    {"previous(count(w))", "int?"},
    {"sum(w.n) / count(w)", "int"},
    {"spread(w.place)", "float?"},
    {"min_distance(w.place, point(1, 2))", "float?"},
};

static void type_is_said(const char *agent, const char *expr, const char *type)
{
    Run run;
    Text program;
    Memory memory = {0};
    Arena arena;
    arena_init(&arena, &memory);
    program = arena_printf(&arena, agent, expr);
    run_begin(&run, arena_text(&arena, program).p, prelude, NULL);
    Text said = run_said(&run);
    if (!run.model)
        print_error("%s: %.*s", expr, TEXT_ARGS(said));
    assert_non_null(run.model);
    Text got = type_text(run.model->agents[0]->derives[0].values[0]->type, &run.arena);
    if (!text_is_c(got, type))
        print_error("%s: expected %s, got %.*s\n", expr, type, TEXT_ARGS(got));
    assert_true(text_is_c(got, type));
    run_end(&run);
    arena_fini(&arena);
}

static void test_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        type_is_said("event T { x : any? } agent a { on Withdrawal w enrich Account x by w.account derive T { x: %s } }",
                     types[i].expr, types[i].type);
}

static void test_aggregate_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof aggregates / sizeof *aggregates; i++)
        type_is_said("event T { x : any? } agent a in Day { on Withdrawal w derive T { x: %s } }", aggregates[i].expr,
                     aggregates[i].type);
}

/* ---- annotations ----------------------------------------------------------------------------------- */

static void test_literals_take_the_other_type(void **state)
{
    (void)state;
    Run run;
    run_begin(&run, "agent a { on Withdrawal w where w.amount > 100 and w.n < 2 and 3 - 1 < w.amount derive Plain from w }", prelude, NULL);
    assert_non_null(run.model);
    const Expr *and = run.model->agents[0]->aliases[0]->where.condition;
    assert_int_equal(and->a->a->b->type->kind, TYPE_FLOAT);
    assert_int_equal(and->a->b->b->type->kind, TYPE_INT);
    assert_int_equal(and->b->a->a->type->kind, TYPE_FLOAT);
    run_end(&run);
}

static void test_references(void **state)
{
    (void)state;
    Run run;
    run_begin(&run, "agent a in by account, from Login l to Login o for at most 1 h {"
                    "  on Withdrawal w on Deposit d enrich Account x by w.account"
                    "  detect w+ -> d where w.amount > w[prev].amount and w[last].amount < d.amount and l.user == x.owner within 1 h"
                    "  derive Plain { account: w[2].account ?? context.key.account } }"
                    "context Unused = by account", prelude, NULL);
    (void)run_said(&run);
    assert_null(run.model); /* Login has no account */
    run_end(&run);
    run_begin(&run, "agent a in by account = Withdrawal.account | Deposit.account | Login.user, from Login l to Login o for at most 1 h {"
                    "  on Withdrawal w on Deposit d enrich Account x by w.account"
                    "  detect w+ -> d where w.amount > w[prev].amount and w[last].amount < d.amount and l.user == x.owner within 1 h"
                    "  derive Plain { account: w[2].account ?? context.key.account } }", prelude, NULL);
    assert_non_null(run.model);
    const ModelAgent *agent = run.model->agents[0];
    assert_int_equal(agent->kind, AGENT_SEQUENCE);
    assert_int_equal(agent->naliases, 5);
    assert_int_equal(agent->aliases[0]->kind, ALIAS_ON);
    assert_true(agent->aliases[0]->several);
    assert_false(agent->aliases[1]->several);
    assert_int_equal(agent->aliases[2]->kind, ALIAS_OPENER);
    assert_int_equal(agent->aliases[3]->kind, ALIAS_CLOSER);
    assert_int_equal(agent->aliases[4]->kind, ALIAS_ROW);
    assert_int_equal(agent->ninputs, 3);
    assert_int_equal(agent->nsteps, 2);
    assert_int_equal(agent->steps[0].nkeys, 1);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(agent->steps[0].keys[0].exprs[i]->ref, REF_EVENT_ATTRIBUTE);
    assert_true(agent->closes);
    const Expr *where = agent->ast->detect->where.condition;
    const ModelAccess *prev = where->a->a->b->note, *last = where->a->b->a->note, *opener = where->b->a->note;
    assert_int_equal(where->a->a->b->ref, REF_ATTRIBUTE);
    assert_int_equal(prev->which, VIEW_PREV);
    assert_int_equal(last->which, VIEW_FROM_LAST);
    assert_int_equal(last->k, 1);
    assert_int_equal(opener->which, VIEW_INITIATOR);
    const Expr *value = agent->derives[0].values[0];
    assert_int_equal(((const ModelAccess *)value->a->note)->k, 2);
    assert_int_equal(value->b->ref, REF_CONTEXT_KEY);
    run_end(&run);
}

static void test_copies_and_defaults_are_filled_in(void **state)
{
    (void)state;
    Run run;
    run_begin(&run, "agent a { on Withdrawal w derive Alarm { owner: w.note } from w only account }", prelude, NULL);
    assert_non_null(run.model);
    const ModelDerive *derive = &run.model->agents[0]->derives[0];
    assert_int_equal(derive->values[0]->ref, REF_ATTRIBUTE);
    assert_true(derive->defaulted[1]);
    assert_false(derive->defaulted[2]);
    assert_non_null(derive->values[2]);
    run_end(&run);
}

static void test_a_parent_is_heard_with_its_descendants(void **state)
{
    (void)state;
    Run run;
    run_begin(&run, "event Big extends Plain { n : int } event Bigger extends Big { m : int }"
                    "agent a { on Plain p derive Alarm from p }", prelude, NULL);
    assert_non_null(run.model);
    assert_int_equal(run.model->agents[0]->ninputs, 3);
    assert_int_equal(run.model->agents[0]->aliases[0]->nevents, 1);
    run_end(&run);
}

static void test_agents_are_sorted_behind_what_feeds_them(void **state)
{
    (void)state;
    Run run;
    run_begin(&run, "event B { x : string } event C { x : string }"
                    "agent third { on C c derive Plain { account: c.x } }"
                    "agent second { on B b derive C { x: b.x } }"
                    "agent first { on Login l derive B { x: l.user } }", prelude, NULL);
    assert_non_null(run.model);
    assert_true(text_is_c(run.model->order[0]->name, "first"));
    assert_true(text_is_c(run.model->order[1]->name, "second"));
    assert_true(text_is_c(run.model->order[2]->name, "third"));
    assert_int_equal(run.model->agents[0]->rank, 2);
    run_end(&run);
}

/* ---- params ---------------------------------------------------------------------------------------- */

static void test_params_from_outside(void **state)
{
    (void)state;
    const ParamValue values[] = {{TEXT("limit"), TEXT("7")}, {TEXT("gap"), TEXT("1 h 30 min")}, {TEXT("who"), TEXT("Ann")}};
    CompileOptions options = {values, 3};
    Run run;
    run_begin(&run, "param who : string", prelude, &options);
    assert_non_null(run.model);
    for (uint32_t i = 0; i < run.model->nparams; i++) {
        const ModelParam *param = run.model->params[i];
        if (text_is_c(param->name, "limit"))
            assert_int_equal(param->value->integer, 7);
        if (text_is_c(param->name, "gap"))
            assert_int_equal(model_duration(param->value), INT64_C(5400000000000));
        if (text_is_c(param->name, "who"))
            assert_true(text_is_c(param->value->string, "Ann"));
    }
    run_end(&run);
    const ParamValue wrong[] = {{TEXT("limit"), TEXT("\"x\"")}, {TEXT("limt"), TEXT("3")}};
    options = (CompileOptions){wrong, 2};
    run_begin(&run, "", prelude, &options);
    assert_null(run.model);
    assert_int_equal(run.diagnostics.errors, 2);
    run_end(&run);
}

/* ---- robustness ------------------------------------------------------------------------------------ */

static const char whole[] =
    "network atm\n"
    "event Shop { id : string  area : area  place : point }\n"
    "agent one in by account, fixed every 1 day zone \"Europe/Lisbon\" {\n"
    "  on Withdrawal w where w.atm matches /^S7-/ and w.n in [1, 2]\n"
    "  let big = w.amount > 10\n"
    "  enrich Account x by w.account or drop\n"
    "  detect count(w) > limit and sum(w.amount) >= 5000\n"
    "  derive Alarm { account: w.account, count: count(w), owner: x.owner } when big\n"
    "  quiet 10 min per w.atm }\n"
    "agent two { on Withdrawal w on Deposit d on Login l\n"
    "  detect w+ strict -> not l -> d where d.account == w.account and l.user == w.account within 1 h\n"
    "  pick w first, d last consume none evidence last 5\n"
    "  derive Plain { account: w[1].account } from w except n }\n"
    "agent three in by account { on Deposit d\n"
    "  expect Withdrawal w where w.amount > d.amount within 5 min again extend\n"
    "  otherwise derive Alarm { account: d.account } update Account { id: d.account, owner: \"x\", rank: 1 } }\n"
    "context C = bands { low: amount < 10  high: amount >= 10 }, last 5 min\n"
    "test \"t\" of one { table Account { id: \"a\", owner: \"b\", rank: 3 }\n"
    "  at 2026-03-01T09:00:00Z Withdrawal { account: \"a\", amount: 20 } repeat 3 every 1 h\n"
    "  expect Alarm { account: \"a\" } times 2 }\n";

/* Words swapped, dropped and doubled: it need not be right, it must end. */
static void test_mutilated_programs(void **state)
{
    (void)state;
    char text[sizeof whole + sizeof prelude + 64];
    static const char *const words[] = {"w", "d", "3", "\"x\"", "count", "(", ")", "{", "}", "Account", "Plain", "null", "context",
                                        "not", "->", "all", "by", "[", "]", ".", ",", "1 h", "true", "$time", "/x/", "any", "last"};
    uint32_t seed = 1;
    for (int round = 0; round < 3000; round++) {
        size_t n = 0;
        uint32_t chance = 40 + (uint32_t)round % 500;
        for (const char *p = whole; *p;) {
            size_t len = strcspn(p, " \n");
            seed = seed * 1664525u + 1013904223u;
            const char *from = p;
            size_t take = len;
            if ((seed >> 16) % chance == 0) {
                from = words[(seed >> 8) % (sizeof words / sizeof *words)];
                take = strlen(from);
            } else if ((seed >> 16) % chance == 1) {
                take = 0;
            }
            if (n + take + 2 >= sizeof whole + 32)
                break;
            memcpy(text + n, from, take);
            n += take;
            p += len;
            if (*p)
                text[n++] = *p++;
        }
        text[n] = 0;
        Run run;
        run_begin(&run, text, prelude, NULL);
        (void)run_said(&run);
        run_end(&run);
    }
}

static void test_the_whole_program_is_right(void **state)
{
    (void)state;
    Run run;
    run_begin(&run, whole, prelude, NULL);
    Text said = run_said(&run);
    if (!run.model)
        print_error("%.*s", TEXT_ARGS(said));
    assert_non_null(run.model);
    run_end(&run);
}

static void test_twenty_mistakes_are_kept(void **state)
{
    (void)state;
    char text[16384];
    size_t n = 0;
    for (int i = 0; i < 40; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "agent a%d { on Withdrawal w derive Plain { account: w.acount } }\n", i);
    Run run;
    run_begin(&run, text, prelude, NULL);
    assert_null(run.model);
    assert_int_equal(run.diagnostics.n, DIAGNOSTICS_ERRORS_MAX);
    assert_int_equal(run.diagnostics.errors, 40);
    run_end(&run);
}

/* Lets over lets and functions over functions, each naming the one before twice: 2^60 if walked naively. */
static void test_deep_definitions_are_walked_once(void **state)
{
    (void)state;
    char text[16384];
    size_t n = (size_t)snprintf(text, sizeof text, "function f0(x : int) = x\n");
    for (int i = 1; i < 60; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "function f%d(x : int) = f%d(x) + f%d(x)\n", i, i - 1, i - 1);
    n += (size_t)snprintf(text + n, sizeof text - n, "agent a { on Withdrawal w where b59 > f59(1) let b0 = w.n\n");
    for (int i = 1; i < 60; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "let b%d = b%d + b%d\n", i, i - 1, i - 1);
    snprintf(text + n, sizeof text - n, "derive Plain { account: w.account } }\n");
    Run run;
    run_begin(&run, text, prelude, NULL);
    assert_non_null(run.model);
    run_end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expressions),
        cmocka_unit_test(test_agents),
        cmocka_unit_test(test_declarations),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_aggregate_types),
        cmocka_unit_test(test_literals_take_the_other_type),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_copies_and_defaults_are_filled_in),
        cmocka_unit_test(test_a_parent_is_heard_with_its_descendants),
        cmocka_unit_test(test_agents_are_sorted_behind_what_feeds_them),
        cmocka_unit_test(test_params_from_outside),
        cmocka_unit_test(test_the_whole_program_is_right),
        cmocka_unit_test(test_twenty_mistakes_are_kept),
        cmocka_unit_test(test_deep_definitions_are_walked_once),
        cmocka_unit_test(test_mutilated_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
