/* The table of functions.def, for the checker and for `cep help`.
 *
 *   uint32_t from = 0;
 *   for (const Function *f; (f = function_find(TEXT("abs"), 1, &from));) …   every overload of abs/1
 *
 * Operators are in it under their signs ("+", "==", "-" with one argument, "contains ignoring case"). Which
 * overload is meant, and which literal becomes a float, is the checker's business. */
#ifndef CEP_FUNCTION_H
#define CEP_FUNCTION_H

#include "cep/program.h"

typedef enum FunctionHow {
    FUNCTION_PLAIN, FUNCTION_FOLD, FUNCTION_ZONE, FUNCTION_REGEX, FUNCTION_BUILT, /* functions.def */
} FunctionHow;

enum { FUNCTION_ARGS = 3 };

typedef struct Function {
    const char *name;
    TypeKind result;              /* TYPE_ANY: that of its ANY arguments */
    uint32_t nargs;
    TypeKind args[FUNCTION_ARGS]; /* TYPE_ANY: one type, the same everywhere in the row; TYPE_KINDS behind the last */
    Op op;                        /* OPS: does not run yet */
    FunctionHow how;
    bool optional;                /* may be null although its arguments are not */
    const char *what;             /* one line of documentation */
} Function;

/* The next overload at or behind *from that takes nargs arguments (a FOLD row takes two and more), and moves
 * *from behind it; NULL if there is none. Start with *from = 0. */
const Function *function_find(Text name, uint32_t nargs, uint32_t *from);

/* Whether there is a function of that name, whatever it takes. */
bool function_known(Text name);

/* Row i of the table; NULL behind the last. */
const Function *function_at(uint32_t i);

#endif
