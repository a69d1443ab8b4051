/* Programs as text, an instruction a line:
 *
 *   r0 float    = CONSTANT 90
 *   r1 float    = LOAD view 0 slot 1
 *   r2 bool     = GT_FLOAT r1 r0
 *   result r2 */
#include <inttypes.h>

#include "cep/composite.h"
#include "cep/number.h"
#include "cep/program.h"
#include "cep/regex.h"
#include "cep/string.h"
#include "cep/zone.h"

static Text constant_text(const Program *program, const Instruction *i, TypeKind type, Arena *arena)
{
    Cell value = program->constants[i->immediate];
    switch (program->constant_states[i->immediate]) {
    case STATE_NULL: return TEXT("null");
    case STATE_ERROR: return TEXT("error");
    default: break;
    }
    switch (type) {
    case TYPE_BOOL: return value.b ? TEXT("true") : TEXT("false");
    case TYPE_INT: return number_int_text(value.i, arena);
    case TYPE_FLOAT: return number_float_text(value.f, arena);
    case TYPE_STRING: return arena_printf(arena, "\"%.*s\"", TEXT_ARGS(value.s));
    case TYPE_TIME: return string_of_time(value.i, arena);
    case TYPE_DURATION: return string_of_duration(value.i, arena);
    case TYPE_POINT: return arena_printf(arena, "point(%.17g, %.17g)", value.p.x, value.p.y);
    default: return composite_text(composite_box(type, STATE_OK, value, arena), false, arena);
    }
}

/* What stands between the op's name and its registers. */
static Text immediate_text(const Program *program, const Instruction *i, TypeKind type, Arena *arena)
{
    switch (i->op) {
    case OP_CONSTANT: {
        Text text = constant_text(program, i, type, arena);
        return arena_printf(arena, " %.*s", TEXT_ARGS(text));
    }
    case OP_LOAD: return arena_printf(arena, " view %u slot %u", i->view, i->immediate);
    case OP_HEADER: {
        static const char *const fields[] = {"time", "detected", "id", "type", "source", "causes", "suppressed"};
        return arena_printf(arena, " view %u $%s", i->view, fields[i->immediate]);
    }
    case OP_AGGREGATE: return arena_printf(arena, " %u", i->immediate);
    case OP_CONTEXT:
        if (i->immediate >= CONTEXT_KEY)
            return arena_printf(arena, " key %u", i->immediate - CONTEXT_KEY);
        return i->immediate == CONTEXT_START ? TEXT(" start") : TEXT(" end");
    case OP_FIND: return arena_printf(arena, " table %u", i->immediate);
    case OP_CELL: return arena_printf(arena, " table %u column %u", i->immediate, i->view);
    case OP_MATCHES: case OP_CAPTURE: {
        const Regex *regex = program->regexes[i->immediate];
        return arena_printf(arena, " /%.*s/%.*s", TEXT_ARGS(regex->pattern), TEXT_ARGS(regex->flags));
    }
    case OP_IN_SET: return arena_printf(arena, " set %u", i->immediate);
    case OP_IN_CIDR: return arena_printf(arena, " network %u", i->immediate);
    default: {
        const Zone *zone = program->zones[i->op >= OP_YEAR && i->op <= OP_TRUNCATE ? i->immediate : 0];
        return zone ? arena_printf(arena, " zone %.*s", TEXT_ARGS(zone->name)) : (Text){0};
    }
    }
}

Text program_text(const Program *program, Arena *arena)
{
    Text text = {0};
    for (uint32_t n = 0; n < program->n; n++) {
        const Instruction *i = &program->code[n];
        TypeKind type = (TypeKind)program->reg_types[i->to];
        Text immediate = immediate_text(program, i, type, arena);
        text = arena_printf(arena, "%.*sr%u %-8s = %s%.*s", TEXT_ARGS(text), i->to, type_word(type),
                            op_name((Op)i->op), TEXT_ARGS(immediate));
        const Reg operands[3] = {i->a, i->b, i->c};
        for (unsigned k = 0; k < 3; k++)
            if (operands[k] != REG_NONE)
                text = arena_printf(arena, "%.*s r%u", TEXT_ARGS(text), operands[k]);
        text = arena_printf(arena, "%.*s\n", TEXT_ARGS(text));
    }
    return arena_printf(arena, "%.*sresult r%u\n", TEXT_ARGS(text), program->result);
}
