/* Walks a program's registers from its result back to loads and constants. A register is used for several
 * values, one after the other, so an operand is what the nearest instruction before its user wrote. Operators get
 * their signs and functions their names from the function table; parentheses stand where the grammar needs them.
 * A value that is used twice is written twice, so the whole has a budget; what lies beyond it is "…". */
#include "cep/cmd/formula.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cep/cellset.h"
#include "cep/cidr.h"
#include "cep/composite.h"
#include "cep/function.h"
#include "cep/regex.h"

/* How tightly an expression holds together, loosest first. */
typedef enum Tightness { LOOSE, IF, OR, AND, NOT, COMPARISON, COALESCE, SUM, PRODUCT, UNARY, PRIMARY } Tightness;

typedef struct Part {
    Text text;
    Tightness tightness;
} Part;

typedef struct Formula {
    const Program *program;
    const FormulaNames *names;
    Arena *arena;
    uint32_t budget; /* parts that may still be written */
} Formula;

enum { FORMULA_PARTS_MAX = 400, SET_SHOWN_MAX = 5 };

/* The value of a register as an instruction finds it. */
static Part part_of(Formula *formula, const Instruction *user, Reg reg);

static const Instruction *writer_of(const Formula *formula, const Instruction *user, Reg reg)
{
    while (user-- > formula->program->code)
        if (user->to == reg)
            return user;
    return NULL;
}

/* A string as rules write it, on one line. */
static Text quoted(Arena *arena, Text text)
{
    static const char letters[] = "\"\\\n\r\t", escapes[] = "\"\\nrt";
    char *out = arena_raw(arena, (size_t)text.len * 4 + 2);
    uint32_t n = 0;
    out[n++] = '"';
    for (uint32_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.p[i];
        const char *found = c ? strchr(letters, c) : NULL;
        if (found) {
            out[n++] = '\\';
            out[n++] = escapes[found - letters];
        } else if (c < ' ' || c == 127) {
            n += (uint32_t)sprintf(out + n, "\\x%02x", c);
        } else {
            out[n++] = (char)c;
        }
    }
    out[n++] = '"';
    return (Text){out, n};
}

Text formula_value(TypeKind type, Cell value, Arena *arena)
{
    char text[TIME_TEXT_MAX];
    switch (type) {
    case TYPE_BOOL:
        return value.b ? TEXT("true") : TEXT("false");
    case TYPE_INT:
        return arena_printf(arena, "%" PRId64, value.i);
    case TYPE_FLOAT:
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, value.f);
            if (strtod(text, NULL) == value.f)
                break;
        }
        return arena_printf(arena, strpbrk(text, ".en") ? "%s" : "%s.0", text);
    case TYPE_STRING:
        return quoted(arena, value.s);
    case TYPE_TIME:
        return arena_printf(arena, "%.*s", (int)time_text(value.i, text), text);
    case TYPE_DURATION:
        return arena_printf(arena, "%.*s", (int)duration_text(value.i, text), text);
    case TYPE_POINT:
        return arena_printf(arena, "point(%.10g, %.10g)", value.p.x, value.p.y);
    default:
        return composite_text(composite_box(type, STATE_OK, value, arena), false, arena);
    }
}

/* ── Leaves ── */

static Text slot_name(const Shape *shape, uint32_t slot)
{
    return slot < shape->nslots ? shape->slots[slot].name : TEXT("?");
}

/* The name of a view and its shape: "b", "b[prev]", "b[1]", "b[last]". */
static Text view_name(Formula *formula, uint32_t view, const Shape **shape)
{
    const FormulaNames *names = formula->names;
    if (names->alone && view == 0) {
        *shape = names->alone;
        return names->alias;
    }
    const ViewPlan *plan = &names->agent->views[view];
    const Participant *participant = &names->agent->participants[plan->participant];
    Text alias = participant->alias;
    *shape = &participant->shape;
    switch (plan->which) {
    case VIEW_PREV:
        return arena_printf(formula->arena, "%.*s[prev]", TEXT_ARGS(alias));
    case VIEW_FROM_FIRST:
        return arena_printf(formula->arena, "%.*s[%u]", TEXT_ARGS(alias), plan->k);
    case VIEW_FROM_LAST:
        return plan->k == 1 ? arena_printf(formula->arena, "%.*s[last]", TEXT_ARGS(alias))
                            : arena_printf(formula->arena, "%.*s[-%u]", TEXT_ARGS(alias), plan->k);
    default:
        return alias;
    }
}

static Text member(Formula *formula, Text of, Text name)
{
    return of.len ? arena_printf(formula->arena, "%.*s.%.*s", TEXT_ARGS(of), TEXT_ARGS(name)) : name;
}

static Text header_text(Formula *formula, const Instruction *step)
{
    static const char *const fields[] = {"$time", "$detected", "$id", "$type", "$source"};
    const Shape *shape;
    return member(formula, view_name(formula, step->view, &shape), text_of(fields[step->immediate]));
}

static Text context_text(Formula *formula, uint32_t field)
{
    if (field < CONTEXT_KEY)
        return field == CONTEXT_START ? TEXT("context.start") : TEXT("context.end");
    uint32_t key = field - CONTEXT_KEY;
    const AgentPlan *agent = formula->names->agent;
    for (uint32_t i = 0; agent && i < agent->ncontexts; i++) {
        const ContextStep *step = &agent->contexts[i];
        if (step->kind != CONTEXT_BY)
            continue;
        if (key < step->nkeys)
            return arena_printf(formula->arena, "context.key.%.*s", TEXT_ARGS(step->key_names[key]));
        key -= step->nkeys;
    }
    return TEXT("context.key");
}

static Text constant_text(Formula *formula, const Instruction *step)
{
    const Program *program = formula->program;
    if (program->constant_states && program->constant_states[step->immediate] != STATE_OK)
        return TEXT("null");
    return formula_value(program->reg_types[step->to], program->constants[step->immediate], formula->arena);
}

/* A column of a row found by key: Table[key].column. */
static Text cell_text(Formula *formula, const Instruction *step)
{
    const TablePlan *table = &formula->names->plan->tables[step->immediate];
    const Instruction *find = writer_of(formula, step, step->a);
    Text column = table->columns[step->view].name;
    if (!find || find->op != OP_FIND)
        return arena_printf(formula->arena, "%.*s[…].%.*s", TEXT_ARGS(table->name), TEXT_ARGS(column));
    Text key = part_of(formula, find, find->a).text;
    if (find->b != REG_NONE)
        key = arena_printf(formula->arena, "%.*s, %.*s", TEXT_ARGS(key), TEXT_ARGS(part_of(formula, find, find->b).text));
    return arena_printf(formula->arena, "%.*s[%.*s].%.*s", TEXT_ARGS(table->name), TEXT_ARGS(key), TEXT_ARGS(column));
}

/* ── Operators and functions ── */

static const Function *function_of(Op op)
{
    const Function *function;
    for (uint32_t i = 0; (function = function_at(i)); i++)
        if (function->op == op)
            return function;
    return NULL;
}

static Tightness binary_tightness(const char *sign)
{
    if (strcmp(sign, "or") == 0)
        return OR;
    if (strcmp(sign, "and") == 0)
        return AND;
    if (strcmp(sign, "??") == 0)
        return COALESCE;
    if (strcmp(sign, "+") == 0 || strcmp(sign, "-") == 0)
        return SUM;
    if (strcmp(sign, "*") == 0 || strcmp(sign, "/") == 0 || strcmp(sign, "%") == 0)
        return PRODUCT;
    return COMPARISON;
}

static Text held(Formula *formula, Part part, Tightness least)
{
    return part.tightness >= least ? part.text : arena_printf(formula->arena, "(%.*s)", TEXT_ARGS(part.text));
}

/* a SIGN b; "contains ignoring case" puts its words on both sides. */
static Part binary(Formula *formula, const Instruction *step, const char *sign)
{
    Tightness tightness = binary_tightness(sign);
    Part a = part_of(formula, step, step->a), b = part_of(formula, step, step->b);
    const char *fold = strstr(sign, " ignoring case");
    int len = fold ? (int)(fold - sign) : (int)strlen(sign);
    bool chains = tightness != COMPARISON && tightness != COALESCE;
    Text left = held(formula, a, chains ? tightness : tightness + 1);
    Text right = held(formula, b, tightness + (tightness != OR && tightness != AND));
    return (Part){arena_printf(formula->arena, "%.*s %.*s %.*s%s", TEXT_ARGS(left), len, sign, TEXT_ARGS(right),
                               fold ? fold : ""),
                  tightness};
}

static Part call(Formula *formula, const Instruction *step, const char *name)
{
    const Reg regs[] = {step->a, step->b, step->c};
    Text args = TEXT("");
    for (int i = 0; i < 3 && regs[i] != REG_NONE; i++) {
        Text arg = part_of(formula, step, regs[i]).text;
        args = i ? arena_printf(formula->arena, "%.*s, %.*s", TEXT_ARGS(args), TEXT_ARGS(arg)) : arg;
    }
    if (step->op >= OP_YEAR && step->op <= OP_TRUNCATE && step->immediate)
        args = arena_printf(formula->arena, "%.*s, \"%.*s\"", TEXT_ARGS(args),
                            TEXT_ARGS(formula->program->zones[step->immediate]->name));
    return (Part){arena_printf(formula->arena, "%s(%.*s)", name, TEXT_ARGS(args)), PRIMARY};
}

static Part regex_part(Formula *formula, const Instruction *step)
{
    const Regex *regex = formula->program->regexes[step->immediate];
    Text literal = arena_printf(formula->arena, "/%.*s/%.*s", TEXT_ARGS(regex->pattern), TEXT_ARGS(regex->flags));
    Part subject = part_of(formula, step, step->a);
    if (step->op == OP_MATCHES) {
        Text left = held(formula, subject, COALESCE);
        return (Part){arena_printf(formula->arena, "%.*s matches %.*s", TEXT_ARGS(left), TEXT_ARGS(literal)), COMPARISON};
    }
    Text group = part_of(formula, step, step->b).text;
    return (Part){arena_printf(formula->arena, "capture(%.*s, %.*s, %.*s)", TEXT_ARGS(literal), TEXT_ARGS(subject.text),
                               TEXT_ARGS(group)),
                  PRIMARY};
}

/* [1, 2, 3, 4, 5, … 12 in all] */
static Text set_text(Formula *formula, const CellSet *set)
{
    Text list = TEXT("[");
    for (uint32_t i = 0; i < set->n && i < SET_SHOWN_MAX; i++)
        list = arena_printf(formula->arena, "%.*s%s%.*s", TEXT_ARGS(list), i ? ", " : "",
                            TEXT_ARGS(formula_value(set->type, set->cells[i], formula->arena)));
    if (set->n > SET_SHOWN_MAX)
        return arena_printf(formula->arena, "%.*s, … %u in all]", TEXT_ARGS(list), set->n);
    return arena_printf(formula->arena, "%.*s]", TEXT_ARGS(list));
}

static Text cidr_text(Formula *formula, const Cidr *cidr)
{
    char address[INET6_ADDRSTRLEN] = "";
    inet_ntop(cidr->family == 4 ? AF_INET : AF_INET6, cidr->address, address, sizeof address);
    return arena_printf(formula->arena, "cidr(\"%s/%u\")", address, cidr->bits);
}

static Part in_part(Formula *formula, const Instruction *step, Text set)
{
    Text subject = held(formula, part_of(formula, step, step->a), COALESCE);
    return (Part){arena_printf(formula->arena, "%.*s in %.*s", TEXT_ARGS(subject), TEXT_ARGS(set)), COMPARISON};
}

/* r["name"], xs[1] */
static Part indexed(Formula *formula, const Instruction *step)
{
    Text of = held(formula, part_of(formula, step, step->a), PRIMARY), at = part_of(formula, step, step->b).text;
    return (Part){arena_printf(formula->arena, "%.*s[%.*s]", TEXT_ARGS(of), TEXT_ARGS(at)), PRIMARY};
}

static Part has_part(Formula *formula, const Instruction *step)
{
    Text item = held(formula, part_of(formula, step, step->b), COALESCE), in = held(formula, part_of(formula, step, step->a), COALESCE);
    return (Part){arena_printf(formula->arena, "%.*s in %.*s", TEXT_ARGS(item), TEXT_ARGS(in)), COMPARISON};
}

/* A list or record without its closing bracket, and whether a comma must follow. */
static Text opened(Formula *formula, const Instruction *step, const char *comma)
{
    Text text = part_of(formula, step, step->a).text;
    bool known = text.len > 1 && (text.p[text.len - 1] == ']' || text.p[text.len - 1] == '}');
    if (!known)
        return arena_printf(formula->arena, "%.*s + ", TEXT_ARGS(text));
    text.len--;
    bool empty = text.len == 1;
    return arena_printf(formula->arena, "%.*s%s", TEXT_ARGS(text), empty ? "" : comma);
}

static Text list_text(Formula *formula, const Instruction *step)
{
    Text before = opened(formula, step, ", ");
    return arena_printf(formula->arena, "%.*s%.*s]", TEXT_ARGS(before), TEXT_ARGS(part_of(formula, step, step->b).text));
}

static Text record_text(Formula *formula, const Instruction *step)
{
    Text before = opened(formula, step, ", "), name = part_of(formula, step, step->b).text;
    return arena_printf(formula->arena, "%.*s%.*s: %.*s}", TEXT_ARGS(before), TEXT_ARGS(name),
                        TEXT_ARGS(part_of(formula, step, step->c).text));
}

static Part operation(Formula *formula, const Instruction *step)
{
    const Function *function = function_of((Op)step->op);
    if (!function)
        return call(formula, step, op_name((Op)step->op));
    const char *name = function->name;
    if (step->op == OP_SELECT)
        return (Part){arena_printf(formula->arena, "if %.*s then %.*s else %.*s",
                                   TEXT_ARGS(part_of(formula, step, step->a).text), TEXT_ARGS(part_of(formula, step, step->b).text),
                                   TEXT_ARGS(part_of(formula, step, step->c).text)),
                      IF};
    if (step->op == OP_IS_NULL || step->op == OP_IS_NOT_NULL)
        return (Part){arena_printf(formula->arena, "%.*s %s", TEXT_ARGS(held(formula, part_of(formula, step, step->a), COALESCE)),
                                   name),
                      COMPARISON};
    if (step->op == OP_NOT)
        return (Part){arena_printf(formula->arena, "not %.*s", TEXT_ARGS(held(formula, part_of(formula, step, step->a), NOT))),
                      NOT};
    if (function->nargs == 1 && strcmp(name, "-") == 0)
        return (Part){arena_printf(formula->arena, "-%.*s", TEXT_ARGS(held(formula, part_of(formula, step, step->a), UNARY))),
                      UNARY};
    bool is_operator = !isalpha((unsigned char)name[0]) || strpbrk(name, " ") || step->op == OP_AND || step->op == OP_OR ||
                       step->op == OP_CONTAINS || step->op == OP_LIKE;
    return is_operator ? binary(formula, step, name) : call(formula, step, name);
}

static Part primary(Text text)
{
    return (Part){text, PRIMARY};
}

static Part part_of(Formula *formula, const Instruction *user, Reg reg)
{
    const Instruction *step = writer_of(formula, user, reg);
    const Shape *shape;
    if (!step || !formula->budget)
        return primary(TEXT("…"));
    formula->budget--;
    switch ((Op)step->op) {
    case OP_CONSTANT:
        return primary(constant_text(formula, step));
    case OP_LOAD: {
        Text of = view_name(formula, step->view, &shape);
        return primary(member(formula, of, slot_name(shape, step->immediate)));
    }
    case OP_HEADER:
        return primary(header_text(formula, step));
    case OP_AGGREGATE:
        return primary(formula_aggregate(step->immediate, formula->names, formula->arena));
    case OP_CONTEXT:
        return primary(context_text(formula, step->immediate));
    case OP_ITEM:
        return primary(TEXT("item"));
    case OP_NOW:
        return primary(TEXT("now()"));
    case OP_FIND:
        return primary(TEXT("row"));
    case OP_CELL:
        return primary(cell_text(formula, step));
    case OP_MATCHES:
    case OP_CAPTURE:
        return regex_part(formula, step);
    case OP_IN_SET:
        return in_part(formula, step, set_text(formula, formula->program->sets[step->immediate]));
    case OP_IN_CIDR:
        return in_part(formula, step, cidr_text(formula, formula->program->cidrs[step->immediate]));
    case OP_FLOAT_OF_INT: /* implicit in rules */
    case OP_DECIMAL_OF_INT:
    case OP_DECIMAL_OF_FLOAT:
    case OP_BOX:
    case OP_UNBOX:
        return part_of(formula, step, step->a);
    case OP_LIST_AT:
    case OP_RECORD_GET:
        return indexed(formula, step);
    case OP_LIST_HAS:
    case OP_MAP_HAS:
        return has_part(formula, step);
    case OP_LIST_ADD:
        return primary(list_text(formula, step));
    case OP_RECORD_PUT:
        return primary(record_text(formula, step));
    default:
        return operation(formula, step);
    }
}

Text formula_text(const Program *program, const FormulaNames *names, Arena *arena)
{
    if (!program)
        return TEXT("null");
    Formula formula = {
        .program = program,
        .names = names,
        .arena = arena,
        .budget = FORMULA_PARTS_MAX,
    };
    return part_of(&formula, program->code + program->n, program->result).text;
}

Text formula_aggregate(uint32_t index, const FormulaNames *names, Arena *arena)
{
    const AggregatePlan *aggregate = &names->agent->aggregates[index];
    const Participant *participant = &names->agent->participants[aggregate->participant];
    FormulaNames inner = *names;
    inner.alone = &participant->shape;
    inner.alias = participant->alias;
    Text value = aggregate->value ? formula_text(aggregate->value, &inner, arena) : participant->alias;
    const char *word = aggregate_word(aggregate->kind);
    if (!aggregate->where)
        return arena_printf(arena, "%s(%.*s)", word, TEXT_ARGS(value));
    return arena_printf(arena, "%s(%.*s where %.*s)", word, TEXT_ARGS(value),
                        TEXT_ARGS(formula_text(aggregate->where, &inner, arena)));
}
