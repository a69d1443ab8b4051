/* Diagnostic: a rule author's mistake, with its place and a hint that fixes it.
 *
 *   error[E0203]: unknown attribute `acount` of event `Withdrawal`
 *     --> atm.cep:31:42
 *      |
 *   31 |   derive ManyWithdrawals { account: w.acount }
 *      |                                       ^^^^^^ did you mean `account`?
 *
 * The sentence names things in back-ticks, begins with a small letter and ends without a full stop. The
 * codes are rows of diagnostics.def; to add one, add a row. Errors of a file
 * above DIAGNOSTICS_ERRORS_MAX are counted and not kept. Printing sorts by file and place, and nothing depends on the order of adding. */
#ifndef RULES_DIAGNOSTIC_H
#define RULES_DIAGNOSTIC_H

#include <stdio.h>

#include "rules/source.h"

enum {
    DIAGNOSTICS_ERRORS_MAX = 20,   /* kept of a file */
    DIAGNOSTICS_ALL_MAX = 1000,    /* errors kept of all files */
    DIAGNOSTICS_WARNINGS_MAX = 100,
};

typedef enum DiagnosticCode {
#define X(code, name, title) DIAGNOSTIC_##name,
#include "rules/diagnostics.def"
#undef X
    DIAGNOSTIC_COUNT
} DiagnosticCode;

/* The edit that mends a mistake, where only one can be meant. It stays on one line. `cep check --fix` and
 * editors make it; the hint says the same to people. */
typedef struct Fix {
    Span span;
    Text text; /* what stands there instead */
    bool set;
} Fix;

typedef struct Diagnostic {
    DiagnosticCode code;
    Span span;
    Text message;
    Text hint;       /* empty = none; a short one follows the carets, a long one is a line of its own */
    Text note;       /* empty = none; said of the place note_span: "`w` is declared here" */
    Span note_span;
    Fix fix;
    const struct Diagnostics *owner;
} Diagnostic;

typedef struct Diagnostics {
    const Sources *sources;
    Arena *arena;
    Diagnostic **items;
    uint32_t n;
    uint32_t errors, warnings; /* reported so far, kept or not */
    uint32_t kept_errors, kept_warnings;
    uint32_t *kept_of_file;    /* errors, by file */
    uint32_t nfiles;           /* in kept_of_file */
} Diagnostics;

void diagnostics_init(Diagnostics *diagnostics, const Sources *sources, Arena *arena);

/* Reports a mistake; whether it is an error or a warning follows from the code's letter. The result is
 * never NULL, so that a hint can always be attached: beyond the limits it is one that nobody sees. */
Diagnostic *diagnostics_add(Diagnostics *diagnostics, DiagnosticCode code, Span span, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Whether it is kept, so that it is worth to look for a hint. */
bool diagnostic_is_seen(const Diagnostic *diagnostic);

/* Says how to mend it. Returns the diagnostic. */
Diagnostic *diagnostics_hint(Diagnostic *diagnostic, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Points to a second place that explains the first. Returns the diagnostic. */
Diagnostic *diagnostics_note(Diagnostic *diagnostic, Span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Attaches the edit that mends it. Returns the diagnostic. */
Diagnostic *diagnostics_fix(Diagnostic *diagnostic, Span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Attaches "did you mean `x`?" with the candidate nearest to the word, if one is near enough; and the edit, if it
 * is very near, no other is as near, and the word is what the diagnostic's span holds. */
Diagnostic *diagnostics_near(Diagnostic *diagnostic, Text word, const Text *candidates, size_t n);

/* Returns the candidate nearest to the word, or an empty text when none is near enough. */
Text diagnostics_nearest(Text word, const Text *candidates, size_t n);

/* Returns the kept ones by file and place, n of them, in the diagnostics' arena. */
const Diagnostic **diagnostics_sorted(const Diagnostics *diagnostics);

/* Prints all of them: for people, as JSON (an object a line), or as SARIF 2.1.0. */
void diagnostics_print_text(const Diagnostics *diagnostics, FILE *out);
void diagnostics_print_json(const Diagnostics *diagnostics, FILE *out);
void diagnostics_print_sarif(const Diagnostics *diagnostics, FILE *out);

/* "E0203", its title ("an attribute that the event does not have"), and back: DIAGNOSTIC_COUNT when there
 * is no such code. */
const char *diagnostic_code(DiagnosticCode code);
const char *diagnostic_title(DiagnosticCode code);
DiagnosticCode diagnostic_by_code(Text code);
bool diagnostic_is_error(DiagnosticCode code);

#endif
