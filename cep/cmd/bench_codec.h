/* cep bench codec: what an event of eight attributes costs on its way into a frame and out of it. */
#ifndef CEP_CMD_BENCH_CODEC_H
#define CEP_CMD_BENCH_CODEC_H

#include <stdbool.h>

#include "cep/cmd/json.h"

/* Measures and prints; json NULL = for people. Returns whether what was read is what was written. */
bool bench_codec(unsigned passes, Json *json);

#endif
