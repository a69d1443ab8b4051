#include "agents/terminal.h"

#include "agents/fan.h"

DerivePort terminal_of(const InputPlan *input, uint32_t roles, uint32_t failed)
{
    uint32_t participant = 0;
    for (uint32_t r = 0; r < input->nroles; r++)
        participant |= (uint32_t)(input->roles[r].kind == ROLE_PARTICIPANT) << r;
    return roles & participant ? PORT_MAIN : failed & participant ? PORT_ERROR : PORT_ELSE;
}

bool terminal_show(Agent *agent, Handle leaf, const Arrival *arrival, DerivePort port)
{
    bool any = false;
    for (uint32_t p = 0; p < agent->plan->nevents; p++)
        views_none(agent, p);
    for (uint32_t r = 0; r < arrival->input->nroles; r++) {
        const RolePlan *role = &arrival->input->roles[r];
        if (role->kind != ROLE_PARTICIPANT || (port == PORT_MAIN && !(arrival->roles >> r & 1)))
            continue;
        views_row(agent, role->index, arrival->rows, arrival->row);
        any = true;
    }
    views_initiator(agent, leaf);
    return any;
}

void terminal_event(Agent *agent, Handle leaf, const Arrival *arrival)
{
    DerivePort port = terminal_of(arrival->input, arrival->roles, arrival->failed);
    bool evidence = agent->plan->policies.evidence != EVIDENCE_NONE;
    if (port != PORT_MAIN && has_port(agent->plan, port) && terminal_show(agent, leaf, arrival, port))
        fan_derive(agent, port, leaf, arrival->time, &arrival->id, evidence, 1, NULL);
}
