/* Verbs: what `cep VERB …` runs. A verb parses its own arguments with argp, prints its product on standard
 * output and what went wrong on standard error, and returns an exit code.
 *
 * To add one: a row in verbs.def, a file cep/cmd/NAME.c with cmd_NAME, a section in
 * docs/reference/commands.md, a test in tests/cli/. */
#ifndef CEP_CMD_VERB_H
#define CEP_CMD_VERB_H

#include <argp.h>

/* Exit codes, the same for every verb. */
enum {
    EXIT_DONE = 0,
    EXIT_WRONG = 1,       /* the rules or the data are wrong; a test failed */
    EXIT_USAGE = 2,       /* wrong usage; a file that cannot be read */
    EXIT_UNREACHABLE = 3, /* a component cannot be reached */
    EXIT_INTERRUPTED = 4, /* interrupted, with work kept */
};

/* argv[0] is "cep VERB"; argp_err_exit_status is EXIT_USAGE already. */
#define VERB(name, what) int cmd_##name(int argc, char **argv);
#include "cep/cmd/verbs.def"

typedef struct Verb {
    const char *name;
    const char *what;
    int (*run)(int argc, char **argv);
} Verb;

/* All verbs; the last has no name. */
extern const Verb verbs[];

/* Returns the verb of a name, or NULL. */
const Verb *verb_find(const char *name);

/* Says on standard error that there is no such verb, and which one may be meant. Returns EXIT_USAGE. */
int verb_unknown(const char *name);

/* Key of the option --json in every verb that prints. */
enum { VERB_JSON = 0x1000 };
#define VERB_JSON_OPTION {"json", VERB_JSON, 0, 0, "print JSON", 0}

#endif
