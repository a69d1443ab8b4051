/* `cep bench net`: what the network alone carries. */
#ifndef CEP_CMD_BENCH_NET_H
#define CEP_CMD_BENCH_NET_H

#include "cep/cmd/json.h"

/* Publishes frames of 128 events of 100 bytes from one process to another over TCP on this machine, at most 512 of them
 * unreceived, for so many passes of a second; prints the median; to json, unless it is NULL. Forks, so no other
 * threads may run yet. False when a frame was lost or the network failed. */
bool bench_net(unsigned passes, Json *json);

#endif
