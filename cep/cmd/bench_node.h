/* Of `cep bench`: a node, from a producer over TCP to a subscriber. */
#ifndef CEP_CMD_BENCH_NODE_H
#define CEP_CMD_BENCH_NODE_H

/* argv[0] is "node". Returns an exit code. */
int bench_node(int argc, char **argv);

#endif
