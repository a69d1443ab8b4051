/* Lists, records, maps and any as msgpack: what codec.c does not do itself. Nobody else includes this. */
#ifndef CEP_CODEC_COMPOSITE_H
#define CEP_CODEC_COMPOSITE_H

#include "cep/codec.h"

/* Reads a value that is not nil. */
CodecEnd codec_read_composite(Cursor *cursor, const CodecField *field, CodecRoom room, Text *any, CodecFault *fault);

/* Writes a value of type any; returns the end. */
uint8_t *codec_put_composite(uint8_t *to, Text any);

extern const char *const head_words[]; /* "a string", per HeadKind */

CodecEnd codec_fault(CodecFault *fault, const char *got);

#endif
