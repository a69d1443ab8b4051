/* Filter, translate, project, enrich (B.1 to B.4): each event alone. Three terminals: in, out, and the one for
 * events whose condition gave unknown or an error. */
#include "tests/oracle/naive_parts.h"

void naive_stateless_event(Naive *naive, NaiveAgent *agent, Scope *scope, const NaiveEvent *event, Cause *cause)
{
    const AgentPlan *plan = agent->plan;
    const InputPlan *input = naive_input(plan, event->type);
    bool in = false, unknown = false, any = false;
    Bound *bound = naive_bounds(naive, plan);
    uint64_t read = 0;
    for (uint32_t r = 0; r < input->nroles; r++) {
        const RolePlan *role = &input->roles[r];
        if (role->kind != ROLE_PARTICIPANT)
            continue;
        any = true;
        Bound *own = naive_bounds(naive, plan);
        naive_bound_add(naive, &own[role->index], event);
        NaiveValue value = naive_role(naive, plan, role, event, cause->now);
        if (role->when && (value.state == STATE_OK ? value.cell.b : true)) {
            Look look = {.naive = naive, .agent = plan, .scope = scope, .now = cause->now, .bound = own};
            NaiveValue when = naive_value(role->when, &look);
            if (value.state == STATE_OK || (when.state == STATE_OK && !when.cell.b))
                value = when;
        }
        unknown |= value.state != STATE_OK;
        bool passes = value.state == STATE_OK && value.cell.b;
        if (passes)
            read |= UINT64_C(1) << role->index;
        in |= passes;
        naive_bound_add(naive, &bound[role->index], event);
    }
    if (!any)
        return;
    Match match = {.scope = scope, .bound = bound, .events = &event, .n = 1, .time = event->time};
    if (!in) {
        naive_derive(naive, agent, &match, unknown ? PORT_ERROR : PORT_ELSE, cause);
        return;
    }
    for (uint32_t p = 0; p < plan->nevents && !OPEN_STATELESS_ALL_ALIASES; p++)
        if (!(read >> p & 1))
            bound[p] = (Bound){0};
    Derived derived = naive_derive(naive, agent, &match, PORT_MAIN, cause);
    if (derived.n == 0 && !derived.dropped)
        naive_derive(naive, agent, &match, PORT_ELSE, cause);
}
