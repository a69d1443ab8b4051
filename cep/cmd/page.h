/* Page: what docs/reference/errors says about a diagnostic code, built into the program. */
#ifndef CEP_CMD_PAGE_H
#define CEP_CMD_PAGE_H

#include "cep/text.h"

typedef struct Page {
    const char *code;
    Text what;      /* paragraphs */
    Text wrong;     /* rules, or a shell script that prints them */
    bool is_script;
    Text right;     /* rules */
} Page;

/* Finds the page of a code; false when there is none. */
bool page_find(const char *code, Page *page);

#endif
