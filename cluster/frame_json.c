/* Rows of frames as JSON, value by value as they came, whatever the plan thinks of them: for rejections. */
#include "cep/codec.h"
#include "cluster/dictionary.h"
#include "cluster/frame_reader.h"

static bool value_json(Cursor *c, uint32_t depth, Out *out);

static bool key_json(Cursor *c, uint32_t depth, Out *out)
{
    Text name;
    if (cursor_text(c, &name)) {
        out_json_string(out, name);
    } else {
        out_text(out, "\"?\"");
        if (!cursor_skip(c))
            return false;
    }
    out_char(out, ':');
    return value_json(c, depth, out);
}

static bool elements_json(Cursor *c, const Head *head, uint32_t depth, Out *out)
{
    bool map = head->kind == HEAD_MAP;
    if (depth == CODEC_NESTING_MAX)
        return false;
    out_char(out, map ? '{' : '[');
    for (uint32_t i = 0; i < head->n; i++) {
        if (i)
            out_char(out, ',');
        if (!(map ? key_json(c, depth + 1, out) : value_json(c, depth + 1, out)))
            return false;
    }
    out_char(out, map ? '}' : ']');
    return true;
}

static bool value_json(Cursor *c, uint32_t depth, Out *out)
{
    Head head;
    if (!cursor_head(c, &head))
        return false;
    switch (head.kind) {
    case HEAD_BOOL:
        out_text(out, head.bits ? "true" : "false");
        return true;
    case HEAD_UINT:
        if (head.bits > INT64_MAX)
            out_json_float(out, (double)head.bits);
        else
            out_int(out, (int64_t)head.bits);
        return true;
    case HEAD_INT:
        out_int(out, (int64_t)head.bits);
        return true;
    case HEAD_FLOAT:
        out_json_float(out, head.f);
        return true;
    case HEAD_STR:
        out_json_string(out, (Text){(const char *)head.data, head.n});
        return true;
    case HEAD_ARRAY: case HEAD_MAP:
        return elements_json(c, &head, depth, out);
    default:
        out_text(out, "null");
        return true;
    }
}

/* Rows were walked when they were read, so nothing is broken here; only nesting may end it early. */
void frame_row_json(const FrameReader *reader, const FrameRow *row, Out *out)
{
    const Dictionary *dictionary = frame_reader_dictionary(reader);
    Cursor c = {(const uint8_t *)row->bytes.p, (const uint8_t *)row->bytes.p + row->bytes.len};
    uint32_t n;
    uint64_t entry;
    bool good = cursor_array(&c, &n) && cursor_uint(&c, &entry) && cursor_skip(&c);
    const DictionaryType *type = good ? &dictionary->types[entry] : NULL;
    out_text(out, "{\"type\":");
    out_json_string(out, type ? type->name : (Text){"", 0});
    for (uint32_t i = 0; type && i < n - 2 && i < type->n; i++) {
        if (cursor_nil(&c))
            continue;
        out_char(out, ',');
        out_json_string(out, type->attributes[i]);
        out_char(out, ':');
        if (!value_json(&c, 0, out))
            break;
    }
    out_char(out, '}');
}
