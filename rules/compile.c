/* Compile: check, then lower. The model and the notes of the lowering live in arenas of their own that end here;
 * what the plan points to is in the plan's arena, the plan itself included. */
#include "rules/compile.h"

#include "rules/lower.h"

Plan *compile(Sources *sources, AstModule *module, const CompileOptions *options, Diagnostics *diagnostics, Memory *memory)
{
    static const CompileOptions none;
    Arena checked, scratch, own;
    Plan *plan = NULL;
    uint32_t errors = diagnostics->errors;
    arena_init(&checked, memory);
    const Model *model = check_module(sources, module, options ? options : &none, diagnostics, &checked);
    if (!model || diagnostics->errors != errors) {
        arena_fini(&checked);
        return NULL;
    }
    arena_init(&scratch, memory);
    arena_init(&own, memory);
    plan = ARENA_NEW(&own, Plan);
    plan->arena = own;
    Lowering lowering = {.plan = plan, .arena = &plan->arena, .scratch = &scratch, .model = model, .module = module,
                         .sources = sources, .diagnostics = diagnostics};
    arena_init(&lowering.building, memory);
    lower_network(&lowering);
    if (diagnostics->errors == errors) {
        lower_hashes(&lowering);
    } else {
        plan_free(plan);
        plan = NULL;
    }
    arena_fini(&lowering.building);
    arena_fini(&scratch);
    arena_fini(&checked);
    return plan;
}

bool compile_constant(const Plan *plan, const struct Expr *expr, TypeKind type, Diagnostics *diagnostics,
                      Arena *arena, Cell *value, State *state)
{
    (void)plan; /* a test's values are literals and what is computed of them */
    Lowering lowering = {.arena = arena, .scratch = arena, .diagnostics = diagnostics};
    arena_init(&lowering.building, arena->memory);
    bool constant = lower_constant(&lowering, expr, type, value, state);
    arena_fini(&lowering.building);
    return constant;
}
