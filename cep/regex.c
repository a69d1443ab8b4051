/* Regexes through PCRE2, 8-bit, with the just-in-time compiler.
 *
 * Memory: a code's own allocations come out of the arena and stay there until its end, also those that compiling
 * needs for a moment; a plan has a few hundred regexes of a few hundred bytes. The machine code is mapped by PCRE2
 * itself and goes with regex_free. Match data and the stack of the machine code belong to the RegexRun, made once.
 * What PCRE2 reads is checked: patterns for UTF-8 at compile time, subjects at every match. */
#include "cep/regex.h"

#include <assert.h>
#include <stdio.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { STACK_START = 32 << 10, STACK_MAX = 512 << 10 };

static void *arena_malloc(size_t size, void *arena)
{
    return arena_raw(arena, size);
}

static void arena_forget(void *block, void *arena)
{
    (void)block;
    (void)arena;
}

/* The flags, or UINT32_MAX and the position of one that is none. */
static uint32_t flags_options(Text flags, uint32_t *bad)
{
    uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;
    for (uint32_t i = 0; i < flags.len; i++) {
        switch (flags.p[i]) {
        case 'i': options |= PCRE2_CASELESS; break;
        case 'm': options |= PCRE2_MULTILINE; break;
        case 's': options |= PCRE2_DOTALL; break;
        case 'x': options |= PCRE2_EXTENDED; break;
        default: *bad = i; return UINT32_MAX;
        }
    }
    return options;
}

/* Callouts could only be written as (?C…): refused, so that no run ever leaves PCRE2. */
static bool has_callout(Text pattern, uint32_t *offset)
{
    for (uint32_t i = 0; i + 2 < pattern.len; i++) {
        if (pattern.p[i] == '\\')
            i++;
        else if (memcmp(pattern.p + i, "(?C", 3) == 0) {
            *offset = i;
            return true;
        }
    }
    return false;
}

Regex *regex_new(Arena *arena, Text pattern, Text flags, char *error, size_t error_size, uint32_t *error_offset)
{
    *error_offset = 0;
    uint32_t bad = 0, options = flags_options(flags, &bad);
    if (options == UINT32_MAX) {
        snprintf(error, error_size, "unknown regex flag `%c`; there are i, m, s, x", flags.p[bad]);
        *error_offset = pattern.len;
        return NULL;
    }
    if (pattern.len > REGEX_PATTERN_MAX) {
        snprintf(error, error_size, "the regex is longer than %d bytes", REGEX_PATTERN_MAX);
        return NULL;
    }
    if (has_callout(pattern, error_offset)) {
        snprintf(error, error_size, "callouts are not allowed");
        return NULL;
    }
    pcre2_general_context *memory = pcre2_general_context_create(arena_malloc, arena_forget, arena);
    pcre2_compile_context *context = pcre2_compile_context_create(memory);
    assert(memory && context);
    int code_error = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.len, options, &code_error, &offset, context);
    if (!code) {
        char message[160];
        if (pcre2_get_error_message(code_error, (PCRE2_UCHAR *)message, sizeof message) < 0)
            snprintf(message, sizeof message, "the regex is wrong");
        snprintf(error, error_size, "%s", message);
        *error_offset = offset < pattern.len ? (uint32_t)offset : pattern.len;
        return NULL;
    }
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* without it the interpreter runs, under the same limits */
    Regex *regex = ARENA_NEW(arena, Regex);
    *regex = (Regex){.pattern = arena_text(arena, pattern), .flags = arena_text(arena, flags), .code = code};
    (void)pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &regex->ngroups);
    return regex;
}

void regex_free(Regex *regex)
{
    if (!regex)
        return;
    pcre2_code_free(regex->code);
    regex->code = NULL;
}

struct RegexRun {
    Memory *memory;
    pcre2_general_context *general;
    pcre2_match_context *context;
    pcre2_match_data *data;
    pcre2_jit_stack *stack;
};

/* PCRE2 does not tell sizes on release, so each block carries its own. */
typedef struct Block {
    size_t size;
    max_align_t payload[];
} Block;

static void *counted_malloc(size_t size, void *memory)
{
    Block *block = memory_new(memory, sizeof *block + size);
    block->size = size;
    return block->payload;
}

static void counted_free(void *payload, void *memory)
{
    if (!payload)
        return;
    Block *block = (Block *)((char *)payload - offsetof(Block, payload));
    memory_free(memory, block, sizeof *block + block->size);
}

RegexRun *regex_run_new(Memory *memory)
{
    RegexRun *run = memory_new(memory, sizeof *run);
    run->memory = memory;
    run->general = pcre2_general_context_create(counted_malloc, counted_free, memory);
    run->context = pcre2_match_context_create(run->general);
    run->data = pcre2_match_data_create(REGEX_GROUPS_MAX + 1, run->general);
    run->stack = pcre2_jit_stack_create(STACK_START, STACK_MAX, run->general);
    assert(run->context && run->data && run->stack);
    pcre2_set_match_limit(run->context, REGEX_MATCH_LIMIT);
    pcre2_set_depth_limit(run->context, REGEX_DEPTH_LIMIT);
    pcre2_set_heap_limit(run->context, REGEX_HEAP_LIMIT);
    pcre2_jit_stack_assign(run->context, NULL, run->stack);
    return run;
}

void regex_run_free(RegexRun *run)
{
    if (!run)
        return;
    pcre2_jit_stack_free(run->stack);
    pcre2_match_data_free(run->data);
    pcre2_match_context_free(run->context);
    pcre2_general_context_free(run->general);
    memory_free(run->memory, run, sizeof *run);
}

/* The number of groups set (0: more than there is room for), PCRE2_ERROR_NOMATCH, or another negative number. */
static int regex_run(const Regex *regex, RegexRun *run, Text subject)
{
    if (subject.len > REGEX_SUBJECT_MAX)
        return PCRE2_ERROR_MATCHLIMIT;
    PCRE2_SPTR p = (PCRE2_SPTR)(subject.len ? subject.p : "");
    return pcre2_match(regex->code, p, subject.len, 0, 0, run->data, run->context);
}

State regex_matches(const Regex *regex, RegexRun *run, Text subject, bool *matches)
{
    int result = regex_run(regex, run, subject);
    *matches = result >= 0;
    return result >= 0 || result == PCRE2_ERROR_NOMATCH ? STATE_OK : STATE_ERROR;
}

State regex_capture(const Regex *regex, RegexRun *run, Text subject, uint32_t group, Text *captured)
{
    int result = regex_run(regex, run, subject);
    if (result < 0)
        return result == PCRE2_ERROR_NOMATCH ? STATE_NULL : STATE_ERROR;
    if (group > REGEX_GROUPS_MAX || group > regex->ngroups)
        return STATE_NULL;
    const PCRE2_SIZE *ovector = pcre2_get_ovector_pointer(run->data);
    PCRE2_SIZE from = ovector[2 * group], to = ovector[2 * group + 1];
    if ((result > 0 && group >= (uint32_t)result) || from == PCRE2_UNSET || to < from)
        return STATE_NULL;
    *captured = (Text){subject.p + from, (uint32_t)(to - from)};
    return STATE_OK;
}
