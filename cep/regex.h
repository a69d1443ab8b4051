/* Regexes: PCRE2, compiled once when a plan is made, with every run bounded.
 *
 * What a pattern may not do: \C, callouts, more than REGEX_SUBJECT_MAX bytes of subject, more than
 * REGEX_MATCH_LIMIT steps of backtracking. A match that hits a limit is STATE_ERROR, never a long wait. */
#ifndef CEP_REGEX_H
#define CEP_REGEX_H

#include "cep/arena.h"
#include "cep/value.h"

enum {
    REGEX_PATTERN_MAX = 16 << 10,  /* bytes */
    REGEX_SUBJECT_MAX = 64 << 10,  /* bytes */
    REGEX_MATCH_LIMIT = 10000,     /* backtracking steps */
    REGEX_DEPTH_LIMIT = 1000,      /* nested backtracking */
    REGEX_HEAP_LIMIT = 1024,       /* KiB */
    REGEX_GROUPS_MAX = 31,         /* groups that regex_capture can name */
};

typedef struct Regex {
    struct Regex *next;            /* of the plan's list */
    Text pattern, flags;
    uint32_t ngroups;              /* capturing groups */
    struct pcre2_real_code_8 *code;
} Regex;

/* Compiles a pattern (UTF-8) with flags out of "imsx". Lives in the arena, but for the machine code: call
 * regex_free before the arena ends. When the pattern is refused: NULL, a sentence in error, and the byte of
 * the pattern where it is wrong. */
Regex *regex_new(Arena *arena, Text pattern, Text flags, char *error, size_t error_size, uint32_t *error_offset);
void regex_free(Regex *regex);

/* What matching needs besides the regex: match data, limits, a stack. One per Machine. */
typedef struct RegexRun RegexRun;
RegexRun *regex_run_new(Memory *memory);
void regex_run_free(RegexRun *run);

/* Whether the pattern matches somewhere in the subject. STATE_ERROR: a limit was hit or the subject is not UTF-8. */
State regex_matches(const Regex *regex, RegexRun *run, Text subject, bool *matches);

/* Group n (0 = the whole match) of the first match, borrowed from the subject. STATE_NULL: no match, or the group
 * took no part in it. */
State regex_capture(const Regex *regex, RegexRun *run, Text subject, uint32_t group, Text *captured);

#endif
