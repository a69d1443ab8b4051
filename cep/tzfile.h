/* TZif files: what the system's database of time zones is made of (RFC 8536). */
#ifndef CEP_TZFILE_H
#define CEP_TZFILE_H

#include "cep/zone.h"

/* Fills zone->from and zone->offset, which live in arena, from the bytes of a file of version 2 or later, for
 * 1970 to 2100. False if the bytes are anything else or are damaged: they may come from anywhere. False too for
 * a file that counts leap seconds ("right/…"): its times are not those of events. */
bool tzfile_read(Arena *arena, Text bytes, Zone *zone);

#endif
