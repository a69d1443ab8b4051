/* What the files that make instructions share: lower_expr.c, lower_calls.c, lower_access.c, lower_compare.c,
 * lower_constant.c.
 *
 * Every function returns the register of its value, or REG_NONE after a mistake: then it was reported, and
 * scope->failed is set. */
#ifndef RULES_LOWER_EMIT_H
#define RULES_LOWER_EMIT_H

#include "cep/composite.h"
#include "cep/function.h"
#include "rules/lower.h"

struct LowerFrame {
    const Reg *arguments; /* of the function whose body is at hand */
};

/* ── lower_expr.c ── */

/* Notes a mistake; both return REG_NONE. */
Reg emit_fail(LowerScope *scope);
Reg emit_refuse(LowerScope *scope, const Expr *expr, const char *what);
/* The cell of a literal, brought to a type, without an instruction; false if it is none of that type. */
bool emit_literal_cell(const Expr *expr, TypeKind type, Cell *value);
TypeKind emit_reg_type(const LowerScope *scope, Reg reg);
/* Makes an int a float where one is needed; TYPE_KINDS leaves the register as it is. */
Reg emit_to_type(LowerScope *scope, const Expr *expr, Reg reg, TypeKind type);
TypeKind emit_common_type(TypeKind a, TypeKind b);
/* The type of an expression as checked; TYPE_KINDS for null, bare aliases and the like. */
TypeKind emit_checked_type(const Expr *expr);
/* Two operands, brought to their common type if they are numbers; a null takes the type of the other. */
bool emit_pair(LowerScope *scope, const Expr *a, const Expr *b, Reg *ra, Reg *rb);

/* ── lower_calls.c ── */

/* How well a row of functions.def takes operands of these types: 0 = not, 1 = with int made float, 2 = as they are. */
int emit_row_fits(const Function *row, const TypeKind *types, uint32_t n);
Reg emit_row(LowerScope *scope, const Function *row, const Expr *expr, Reg *args);
/* The operator of expr over registers; b is REG_NONE for one operand. suffix: "" or " ignoring case". */
Reg emit_operator(LowerScope *scope, const Expr *expr, const char *suffix, Reg a, Reg b);
/* A text that must be constant: a zone, a network, a pattern. */
bool emit_constant_text(LowerScope *scope, const Expr *expr, Text *text);
/* The regex of a literal, or of a constant text; NULL after a mistake. */
struct Regex *emit_regex(LowerScope *scope, const Expr *expr, bool ignoring_case);
Reg emit_call(LowerScope *scope, const Expr *expr);

/* ── lower_access.c ── */

/* The index of the row of a table with a key, null if there is none. */
Reg emit_find(LowerScope *scope, const ModelTable *table, Expr *const *keys);
Reg emit_name(LowerScope *scope, const Expr *expr);
Reg emit_member(LowerScope *scope, const Expr *expr);
Reg emit_is_null(LowerScope *scope, const Expr *expr);

/* ── lower_composite.c ── */

/* A list or record literal; type is what its place asks for, NULL = nothing. */
Reg emit_list_value(LowerScope *scope, const Expr *expr, const Type *type);
Reg emit_record_value(LowerScope *scope, const Expr *expr, const Type *type);
/* A field of a record, a member of a list, a map, a value of type any. */
Reg emit_field(LowerScope *scope, const Expr *expr);
Reg emit_field_of(LowerScope *scope, const Expr *expr, Reg of);
Reg emit_index(LowerScope *scope, const Expr *expr);
Reg emit_in_collection(LowerScope *scope, const Expr *expr);
/* A value as text(x) writes it. */
Reg emit_text(LowerScope *scope, Reg reg);
Reg emit_concat(LowerScope *scope, const Expr *expr);
Reg emit_format(LowerScope *scope, const Expr *expr);
/* id(…) and uuid(…). */
Reg emit_identity(LowerScope *scope, const Expr *expr);

/* ── lower_compare.c ── */

/* One comparison; with `without unknowns` false where it is unknown. */
Reg emit_atom(LowerScope *scope, const Expr *expr);

#endif
