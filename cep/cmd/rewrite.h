/* Rewrite: a file gets another text. It is written beside the old one and renamed over it, so that it is always
 * whole. */
#ifndef CEP_CMD_REWRITE_H
#define CEP_CMD_REWRITE_H

#include "cep/text.h"

/* Replaces the text of the file behind a path, through links, keeping its mode and, where it may, its owner.
 * Returns 0 or an errno value; then the file is as it was. */
int rewrite(const char *path, Text text);

#endif
