// The rule language for tree-sitter.
//
// It follows the shape of a file and not every clause: declarations with their names and blocks, members, calls,
// paths, literals. That is what colours, folding, indentation and jumping between declarations need, and it holds for
// files that are half typed. No word of the language is reserved: before `:` and behind `.` every word is a name.

const KEYWORDS = [
  "absent", "add", "advance", "after", "again", "all", "always", "and", "any", "as", "at", "bands",
  "becomes", "before", "between", "block", "both", "by", "case", "ceases", "change", "chronon", "close",
  "combine", "constant", "consume", "contains", "correct", "critical", "csv", "decreasing", "delete",
  "delivery", "derive", "desc", "detect", "detection", "discard", "disjoint", "divert", "drop", "each",
  "east", "else", "emit", "end", "ends", "enrich", "enters", "equals", "error", "evaluate", "events",
  "every", "everything", "evidence", "exactly", "except", "expect", "extend", "extends", "fail", "field",
  "first", "fixed", "for", "format", "from", "gap", "geojson", "greedy", "high", "highest", "history", "id",
  "idle", "if", "ignore", "ignoring", "immediately", "in", "inclusive", "increasing", "info", "invalid",
  "is", "itinerary", "join", "keep", "key", "last", "late", "lateness", "least", "leaves", "length", "let",
  "like", "limit", "low", "lowest", "match", "matched", "matches", "max", "medium", "min", "mixed", "most",
  "moving", "ndjson", "ne", "near", "newest", "next", "nondecreasing", "none", "nonincreasing", "north",
  "not", "note", "nothing", "nw", "occurrence", "of", "oldest", "on", "once", "only", "or", "order",
  "ordered", "otherwise", "out", "output", "outside", "overflow", "overlaps", "per", "pick", "plane", "prev",
  "previous", "quiet", "random", "redis", "refresh", "repeat", "retracts", "route", "run", "se", "seed",
  "sent", "session", "severity", "shared", "since", "skip", "sliding", "sometimes", "sort", "source",
  "south", "sphere", "spill", "stable", "starts", "stationary", "stays", "stream", "strict", "sw", "tags",
  "terminal", "then", "through", "times", "to", "tolerance", "touches", "toward", "tsv", "type", "unknowns",
  "unmatched", "until", "update", "wait", "west", "wgs84", "when", "where", "while", "with", "within",
  "without", "zone",
];

const DECLARATIONS = [
  "network", "use", "time", "metric", "param", "function", "event", "alert", "table", "producer", "consumer",
  "channel", "context", "agent", "test",
];

const TYPES = [
  "bool", "int", "float", "decimal", "string", "bytes", "duration", "point", "line", "area", "list", "map",
  "record",
];

const UNITS = [
  "ns", "us", "ms", "s", "min", "h", "days", "day", "weeks", "week", "months", "month", "years", "year",
  "km", "m", "KB", "MB", "GB", "TB",
];

const SIGNS = ["->", "=>", "==", "!=", "<=", ">=", "??", "..", "=", "<", ">", "+", "-", "*", "/", "%", "?", "|", ","];

module.exports = grammar({
  name: "cep",

  extras: ($) => [/\s/, $.comment],

  word: ($) => $.identifier,

  rules: {
    source_file: ($) => repeat(choice($.declaration, $._item)),

    // The name is whatever word stands first; a clock (`time occurrence`) has none.
    declaration: ($) =>
      prec.right(1, seq(
        field("kind", alias(choice(...DECLARATIONS), $.declaration_word)),
        optional(field("name", choice($.identifier, $.quoted_name, $.string))),
        repeat($._head),
        optional(field("body", $.block)),
      )),

    // What may stand between the name of a declaration and its block.
    _head: ($) => choice($.member, $.path, $.call, $.keyword, $.type, $.identifier, $.quoted_name, $._literal, $.list, $.group, $.sign),

    block: ($) => seq("{", repeat(choice($.declaration, $._item)), "}"),
    group: ($) => seq("(", repeat($._item), ")"),
    list: ($) => seq("[", repeat($._item), "]"),

    _item: ($) => choice($._head, $.block),

    // amount : float
    member: ($) => prec(3, seq(field("name", choice($.identifier, $.quoted_name, alias($._word, $.identifier))), ":")),

    // w.amount, context.key.card, e.$time
    path: ($) => prec.left(3, seq(
      field("of", choice($.identifier, $.quoted_name, alias($._word, $.identifier), $.path)),
      token.immediate("."),
      field("name", choice($.identifier, $.quoted_name, $.header, alias($._word, $.identifier))),
    )),

    // count(w where w.amount > 10)
    call: ($) => prec(3, seq(field("function", choice($.identifier, alias($._word, $.identifier))), $.group)),

    keyword: ($) => $._keyword,
    type: (_) => choice(...TYPES),
    _keyword: ($) => choice(...KEYWORDS),
    _word: ($) => choice(...KEYWORDS, ...DECLARATIONS, ...TYPES),

    sign: (_) => choice(...SIGNS),

    _literal: ($) => choice($.quantity, $.number, $.time, $.string, $.regex, $.boolean, $.null, $.header),

    boolean: (_) => choice("true", "false"),
    null: (_) => "null",

    quantity: ($) => prec(2, seq($.number, alias(token.immediate(new RegExp(" ?(" + UNITS.join("|") + ")")), $.unit))),
    number: (_) => token(choice(/0x[0-9A-Fa-f]+/, /\d+(\.\d+)?([eE][+-]?\d+)?/)),
    time: (_) => token(prec(2, choice(
      /@?\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?/,
      /@\d{4}-\d{2}-\d{2}/,
    ))),
    string: (_) => token(choice(/"([^"\\\n]|\\.)*"/, /'[^'\n]*'/)),
    regex: (_) => token(prec(-1, /\/([^\/\\\n ]|\\.)([^\/\\\n]|\\.)*\/[a-z]*/)),

    header: (_) => /\$[a-z]+/,
    quoted_name: (_) => /`[^`\n]*`/,
    identifier: (_) => /[A-Za-z_][A-Za-z0-9_]*/,
    comment: (_) => token(seq("#", /.*/)),
  },

  conflicts: ($) => [[$.keyword, $._word], [$.type, $._word], [$.declaration, $._word]],
});
