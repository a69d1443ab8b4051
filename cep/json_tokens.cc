/* simdjson chooses its implementation for this machine when the program runs. Errors are codes, nothing throws. */
#include "cep/json_tokens.h"

#include <cstring>
#include <memory>
#include <new>

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

using simdjson::SUCCESS;

static_assert(simdjson::SIMDJSON_PADDING <= JSON_TOKENS_PADDING, "lines need more bytes behind them");

static constexpr size_t CAPACITY_MIN = 16 << 10; /* bytes of a line */

struct JsonTokens {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> finder;
};

JsonTokens *json_tokens_new(void)
{
    auto *tokens = new (std::nothrow) JsonTokens();
    const simdjson::implementation *best = simdjson::get_active_implementation();
    if (!tokens || best->create_dom_parser_implementation(CAPACITY_MIN, 1, tokens->finder) != SUCCESS)
        abort(); /* as when memory_new is refused */
    return tokens;
}

void json_tokens_free(JsonTokens *tokens)
{
    delete tokens;
}

static bool capacity_for(JsonTokens *tokens, size_t len)
{
    size_t capacity = tokens->finder->capacity();
    if (capacity >= len)
        return true;
    while (capacity < len)
        capacity *= 2;
    return tokens->finder->allocate(capacity, 1) == SUCCESS;
}

/* simdjson's sentence without the name of the code before it. */
static const char *sentence(simdjson::error_code error)
{
    const char *message = simdjson::error_message(error);
    const char *colon = strstr(message, ": ");
    return colon ? colon + 2 : message;
}

const char *json_tokens_find(JsonTokens *tokens, const char *line, size_t len, const uint32_t **offsets, uint32_t *n)
{
    if (!capacity_for(tokens, len))
        return "there is no memory for so long a line";
    auto *bytes = reinterpret_cast<const uint8_t *>(line);
    simdjson::error_code error = tokens->finder->stage1(bytes, len, simdjson::stage1_mode::regular);
    *offsets = tokens->finder->structural_indexes.get();
    *n = tokens->finder->n_structural_indexes;
    return error ? sentence(error) : nullptr;
}

bool json_tokens_unescape(const JsonTokens *tokens, const char *string, char *to, size_t *len)
{
    auto *out = reinterpret_cast<uint8_t *>(to);
    const uint8_t *end = tokens->finder->parse_string(reinterpret_cast<const uint8_t *>(string), out);
    *len = end ? (size_t)(end - out) : 0;
    return end != nullptr;
}
