/* Derive, update, delete: every attribute of what is made gets its value here.
 *
 * ModelDerive.values is complete: what is written, what `from a` copies (as an expression a.x), the constant
 * defaults. What is left out after that is computed by the type, optional, or a mistake. */
#include "rules/check.h"

static ModelAlias *copied(Checker *check, AgentCheck *work, const AstDerive *ast)
{
    NameEntry *entry = names_find(&work->aliases, ast->copy_from.text);
    ModelAlias *alias = entry ? entry->what : NULL;
    if (!alias)
        check_near_names(check, diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_ALIAS, ast->copy_from.span,
                                                "unknown alias `%.*s` behind `from`", TEXT_ARGS(ast->copy_from.text)),
                         ast->copy_from.text, &work->aliases);
    return alias;
}

static bool named(const AstDerive *ast, Text name)
{
    for (uint32_t i = 0; i < ast->copy_name_count; i++)
        if (text_is(ast->copy_names[i].text, name))
            return true;
    return false;
}

/* `except` and `only` name attributes of the copied event; `only` also of the derived one. */
static void copy_names(Checker *check, const AstDerive *ast, const ModelAlias *alias, const ModelEvent *event)
{
    for (uint32_t i = 0; i < ast->copy_name_count; i++) {
        const Name *name = &ast->copy_names[i];
        if (alias_attribute(alias, name->text) == INDEX_NONE) {
            TextList list = {0};
            for (uint32_t k = 0; k < alias->nattributes; k++)
                text_list_add(&list, check->arena, alias->attributes[k].name);
            diagnostics_near(diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_ATTRIBUTE, name->span,
                                              "`%.*s` has no attribute `%.*s` to copy", TEXT_ARGS(alias->name),
                                              TEXT_ARGS(name->text)),
                       name->text, list.items, list.n);
        } else if (ast->copy == AST_COPY_ONLY && model_attribute(event, name->text) == INDEX_NONE) {
            check_near_attribute(check, diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_ATTRIBUTE, name->span,
                                                        "unknown attribute `%.*s` of event `%.*s`", TEXT_ARGS(name->text),
                                                        TEXT_ARGS(event->name)),
                                 name->text, event, NULL);
        }
    }
}

static void copy_values(Checker *check, AgentCheck *work, const Scope *scope, ModelDerive *derive)
{
    const AstDerive *ast = derive->ast;
    if (ast->copy == AST_COPY_NONE)
        return;
    ModelAlias *alias = copied(check, work, ast);
    ModelEvent *event = derive->event;
    if (!alias) {
        work->failed = true;
        return;
    }
    copy_names(check, ast, alias, event);
    for (uint32_t i = 0; i < event->nattributes; i++) {
        ModelAttribute *attribute = event->attributes[i];
        bool listed = named(ast, attribute->name);
        if (derive->values[i] || attribute->compute || alias_attribute(alias, attribute->name) == INDEX_NONE ||
            (ast->copy == AST_COPY_ONLY && !listed) || (ast->copy == AST_COPY_EXCEPT && listed))
            continue;
        Type *has = alias->attributes[alias_attribute(alias, attribute->name)].type;
        if (!type_is_error(has) && !type_is_error(attribute->type) && attribute->type->kind != TYPE_ANY &&
            type_with(check, has, false) != type_with(check, attribute->type, false)) {
            Text left = type_phrase(check, type_with(check, has, false)), right = type_phrase(check, type_with(check, attribute->type, false));
            diagnostics_hint(diagnostics_add(check->diagnostics, DIAGNOSTIC_ASSIGN, ast->copy_from.span,
                                             "`%.*s` is %.*s in `%.*s` and %.*s in `%.*s`", TEXT_ARGS(attribute->name), TEXT_ARGS(left),
                                             TEXT_ARGS(alias->name), TEXT_ARGS(right), TEXT_ARGS(event->name)),
                             "give `%.*s` a value of its own", TEXT_ARGS(attribute->name));
            continue;
        }
        Expr *value = expr_of_member(check, alias->name, attribute->name, ast->copy_from.span);
        uint32_t errors = check->diagnostics->errors;
        expr_assign(check, scope, value, attribute->type, "the copied attribute", attribute->name);
        derive->values[i] = value;
        if (check->diagnostics->errors > errors && value->a->type && type_is_error(value->a->type))
            return; /* the alias cannot be read here: once is enough */
    }
}

static void field_check(Checker *check, const Scope *scope, ModelDerive *derive, AstField *field)
{
    ModelEvent *event = derive->event;
    Text name = field->name.text;
    if (field->name.header) {
        Expr **place = text_is_c(name, "$time")         ? &derive->time
                       : text_is_c(name, "$certainty")  ? &derive->certainty
                       : text_is_c(name, "$annotation") ? &derive->annotation
                                                        : NULL;
        if (!place) {
            Text names[] = {TEXT("$time"), TEXT("$certainty"), TEXT("$annotation")};
            expr_final(check, scope, field->value);
            diagnostics_near(diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_HEADER, field->name.span,
                                              "`%.*s` cannot be set; `$time`, `$certainty` and `$annotation` can", TEXT_ARGS(name)),
                       name, names, 3);
            return;
        }
        expr_assign(check, scope, field->value, header_type(check, name), "header attribute", name);
        *place = field->value;
        check->level->model->annotated |= place != &derive->time;
        return;
    }
    uint32_t at = event ? model_attribute(event, name) : INDEX_NONE;
    if (at == INDEX_NONE) {
        expr_final(check, scope, field->value);
        if (event)
            check_near_attribute(check, diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_ATTRIBUTE, field->name.span,
                                                        "unknown attribute `%.*s` of event `%.*s`", TEXT_ARGS(name),
                                                        TEXT_ARGS(event->name)),
                                 name, event, NULL);
        return;
    }
    ModelAttribute *attribute = event->attributes[at];
    if (attribute->compute) {
        expr_final(check, scope, field->value);
        Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_COMPUTED_SET, field->name.span,
                                        "attribute `%.*s` is computed by its event type", TEXT_ARGS(name));
        if (attribute->ast)
            diagnostics_note(d, attribute->ast->name.span, "it is declared here");
        return;
    }
    if (expr_assign(check, scope, field->value, attribute->type, "attribute", name) || !derive->values[at])
        derive->values[at] = field->value;
}

static void fields_once(Checker *check, const AstFields *fields)
{
    Names seen = {0};
    for (uint32_t i = 0; i < fields->n; i++) {
        const Name *name = &fields->items[i].name;
        NameEntry *first = names_add(&seen, check->arena, name->text, name->span, &seen);
        if (first)
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_MEMBER_TWICE, name->span, "`%.*s` is given twice",
                                             TEXT_ARGS(name->text)),
                             first->span, "the first stands here");
    }
}

static void unset_check(Checker *check, ModelDerive *derive, bool failed)
{
    ModelEvent *event = derive->event;
    Text missing = TEXT("");
    uint32_t n = 0;
    for (uint32_t i = 0; i < event->nattributes; i++) {
        ModelAttribute *attribute = event->attributes[i];
        if (derive->values[i] || attribute->compute)
            continue;
        if (attribute->fill) {
            derive->values[i] = attribute->fill;
            derive->defaulted[i] = true;
        } else if (!attribute->type->optional && !type_is_error(attribute->type)) {
            missing = arena_printf(check->arena, "%.*s%s`%.*s`", TEXT_ARGS(missing), n++ ? ", " : "", TEXT_ARGS(attribute->name));
        }
    }
    if (!n || failed)
        return;
    Diagnostic *d = diagnostics_add(check->diagnostics, DIAGNOSTIC_ATTRIBUTE_UNSET, derive->ast->type.span,
                                    "`%.*s` needs a value for %.*s", TEXT_ARGS(event->name), TEXT_ARGS(missing));
    diagnostics_hint(d, n == 1 ? "write `%.*s: …`, or declare it with `?` or a default"
                               : "give each a value, or declare it with `?` or a default (`%.*s: …`)",
                     n == 1 ? (int)missing.len - 2 : 4, n == 1 ? missing.p + 1 : "name");
}

static void derive_check(Checker *check, AgentCheck *work, ModelDerive *derive)
{
    AstDerive *ast = (AstDerive *)derive->ast;
    Scope scope = work->wide;
    static const char *const places[] = {"`derive`", "`otherwise derive`", "`else derive`", "`on error derive`"};
    scope.place = places[ast->kind];
    if (ast->kind == AST_DERIVE_OTHERWISE)
        scope.unbound = KIND_BIT(ALIAS_EXPECTED);
    if (ast->kind == AST_DERIVE_ELSE || ast->kind == AST_DERIVE_ON_ERROR) {
        scope.unbound = KINDS_ROW | KIND_BIT(ALIAS_EXPECTED) | KIND_BIT(ALIAS_ITEM) | KIND_BIT(ALIAS_ZONE);
        if (work->agent->ast->on_count > 1)
            scope.unbound |= KINDS_ON;
    }
    uint32_t errors = check->diagnostics->errors;
    derive->event = check_event(check, &ast->type);
    ast->note = derive->event;
    uint32_t n = derive->event ? derive->event->nattributes : 0;
    derive->values = ARENA_ARRAY(check->arena, Expr *, n);
    derive->defaulted = ARENA_ARRAY(check->arena, bool, n);
    if (derive->event && derive->event->builtin)
        diagnostics_add(check->diagnostics, DIAGNOSTIC_NAME_KIND, ast->type.span, "`%.*s` is made by the engine, not by rules",
                        TEXT_ARGS(derive->event->name));
    else if (derive->event)
        derive->event->derived = true;
    fields_once(check, &ast->fields);
    for (uint32_t i = 0; i < ast->fields.n; i++)
        field_check(check, &scope, derive, &ast->fields.items[i]);
    if (derive->event) {
        copy_values(check, work, &scope, derive);
        unset_check(check, derive, check->diagnostics->errors > errors);
    }
    if (ast->when) {
        scope.place = "`when`";
        derive->when = ast->when;
        expr_condition(check, &scope, ast->when, "`when`");
    }
    if (ast->to.n)
        derive->channel = check_find(check, SPACE_CHANNEL, path_text(check, &ast->to), ast->to.span);
}

/* ---- tables ---------------------------------------------------------------------------------------- */

static void update_check(Checker *check, const Scope *scope, ModelWrite *write)
{
    AstWrite *ast = (AstWrite *)write->ast;
    ModelTable *table = write->table;
    fields_once(check, &ast->fields);
    for (uint32_t i = 0; i < ast->fields.n; i++) {
        AstField *field = &ast->fields.items[i];
        uint32_t at = model_column(table, field->name.text);
        if (at == INDEX_NONE) {
            expr_final(check, scope, field->value);
            check_near_attribute(check, diagnostics_add(check->diagnostics, DIAGNOSTIC_UNKNOWN_COLUMN, field->name.span,
                                                        "unknown column `%.*s` of table `%.*s`", TEXT_ARGS(field->name.text),
                                                        TEXT_ARGS(table->name)),
                                 field->name.text, NULL, table);
            continue;
        }
        ModelAttribute *column = table->columns[at];
        if (column->compute)
            diagnostics_add(check->diagnostics, DIAGNOSTIC_COMPUTED_SET, field->name.span, "column `%.*s` is computed by its table",
                            TEXT_ARGS(column->name));
        expr_assign(check, scope, field->value, column->type, "column", column->name);
        write->values[at] = field->value;
    }
    for (uint32_t i = 0; i < table->nkeys; i++) {
        write->keys[i] = write->values[table->keys[i]];
        if (!write->keys[i])
            diagnostics_add(check->diagnostics, DIAGNOSTIC_ATTRIBUTE_UNSET, ast->table.span, "`update %.*s` must give the key `%.*s`",
                            TEXT_ARGS(table->name), TEXT_ARGS(table->columns[table->keys[i]]->name));
    }
}

static void delete_check(Checker *check, const Scope *scope, ModelWrite *write)
{
    Expr *key = write->ast->key;
    ModelTable *table = write->table;
    Expr **keys = key->kind == EXPR_TUPLE ? key->args : &key;
    uint32_t n = key->kind == EXPR_TUPLE ? key->arg_count : 1;
    if (n != table->nkeys) {
        expr_check(check, scope, key);
        diagnostics_add(check->diagnostics, DIAGNOSTIC_KEY_COUNT, key->span, "table `%.*s` has %u key%s, and %u %s written",
                        TEXT_ARGS(table->name), table->nkeys, table->nkeys == 1 ? "" : "s", n, n == 1 ? "is" : "are");
        return;
    }
    if (key->kind == EXPR_TUPLE)
        key->type = check->types.tuple;
    for (uint32_t i = 0; i < n; i++) {
        ModelAttribute *column = table->columns[table->keys[i]];
        expr_assign(check, scope, keys[i], column->type, "key", column->name);
        write->keys[i] = keys[i];
    }
}

static void writes_check(Checker *check, AgentCheck *work)
{
    ModelAgent *agent = work->agent;
    agent->writes = ARENA_ARRAY(check->arena, ModelWrite, agent->ast->write_count);
    Scope scope = work->wide;
    for (uint32_t i = 0; i < agent->ast->write_count; i++) {
        AstWrite *ast = &agent->ast->writes[i];
        ModelWrite *write = &agent->writes[i];
        write->ast = ast;
        write->table = check_find(check, SPACE_TABLE, ast->table.text, ast->table.span);
        ast->note = write->table;
        if (!write->table) {
            work->failed = true;
            continue;
        }
        write->table->written = true;
        if (write->table->ast->source.set && write->table->ast->source_kind != AST_TABLE_REDIS)
            diagnostics_note(diagnostics_add(check->diagnostics, DIAGNOSTIC_TABLE_WRITE, ast->table.span,
                                             "table `%.*s` is read from a file, so rules cannot write it", TEXT_ARGS(write->table->name)),
                             write->table->declaration->name.span, "it is declared here");
        write->values = ARENA_ARRAY(check->arena, Expr *, write->table->ncolumns);
        scope.place = ast->delete ? "`delete`" : "`update`";
        if (ast->delete)
            delete_check(check, &scope, write);
        else
            update_check(check, &scope, write);
    }
}

static void emit_and_quiet(Checker *check, AgentCheck *work)
{
    const AstAgent *ast = work->agent->ast;
    if (ast->emit)
        expr_duration(check, ast->emit->every);
    if (!ast->quiet)
        return;
    if (!check_look(check, SPACE_EVENT, TEXT("cep.Suppressed"))) /* what is held back is announced, whoever listens */
        event_built_in(check, TEXT("cep.Suppressed"));
    expr_duration(check, ast->quiet->duration);
    Scope scope = work->wide;
    scope.place = "`quiet … per`";
    if (ast->quiet->per) {
        Expr *per = ast->quiet->per;
        if (per->kind == EXPR_TUPLE)
            expr_check(check, &scope, per);
        else
            expr_final(check, &scope, per);
    }
}

void derives_check(Checker *check, AgentCheck *work)
{
    ModelAgent *agent = work->agent;
    agent->derives = ARENA_ARRAY(check->arena, ModelDerive, agent->ast->derive_count);
    for (uint32_t i = 0; i < agent->ast->derive_count; i++) {
        agent->derives[i].ast = &agent->ast->derives[i];
        derive_check(check, work, &agent->derives[i]);
    }
    writes_check(check, work);
    emit_and_quiet(check, work);
}
