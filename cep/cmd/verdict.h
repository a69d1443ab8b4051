/* Verdict: how a test ended, and its forms: TAP, a JSON object, JUnit's XML. */
#ifndef CEP_CMD_VERDICT_H
#define CEP_CMD_VERDICT_H

#include "cep/cmd/json.h"

typedef struct Verdict {
    bool good;
    Text title;
    Text report;  /* lines that begin with "# "; why it failed */
    Text file;    /* where the test stands */
    uint32_t line;
    double seconds;
} Verdict;

/* Prints the line `ok 1 - title`, and the report. Numbers begin with 1. */
void verdict_tap(const Verdict *verdict, uint32_t number, FILE *out);

void verdict_json(const Verdict *verdict, Json *json);

/* Prints a suite of n tests. */
void verdicts_junit(const Verdict *verdicts, uint32_t n, Text suite, FILE *out);

#endif
