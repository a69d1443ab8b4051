/* From rule text to a plan: the one door into rules/.
 *
 *   files ─► source ─► lexer ─► parser ─► AST ─► check (names, types) ─► lower ─► Plan
 *
 * compile never prints: diagnostics are collected, with places, for the caller to render. */
#ifndef RULES_COMPILE_H
#define RULES_COMPILE_H

#include "cep/plan.h"
#include "rules/ast.h"
#include "rules/diagnostic.h"
#include "rules/source.h"

/* A `param` given from outside: --param name=value, or `with` of a test. */
typedef struct ParamValue {
    Text name;
    Text text;   /* as a literal of the rule language */
} ParamValue;

typedef struct CompileOptions {
    const ParamValue *params;
    uint32_t nparams;
} CompileOptions;

/* Makes the plan of one network from its parsed files (use "…" is resolved through sources).
 * Returns NULL when there are errors; warnings may be there in both cases. Free with plan_free. */
Plan *compile(Sources *sources, AstModule *module, const CompileOptions *options, Diagnostics *diagnostics, Memory *memory);

/* Evaluates a constant expression of a test (`at … Event { a: EXPR }`) to a type. */
bool compile_constant(const Plan *plan, const struct Expr *expr, TypeKind type, Diagnostics *diagnostics,
                      Arena *arena, Cell *value, State *state);

#endif
