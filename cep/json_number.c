#include "cep/json_number.h"

#include <stdlib.h>

bool json_number_exponent(const char *p, JsonNumber *n)
{
    bool minus = *p == '-';
    p += *p == '-' || *p == '+';
    if (!json_is_digit(*p))
        return false;
    int64_t power = 0;
    for (; json_is_digit(*p); p++)
        if (power < 100000)
            power = power * 10 + (*p - '0');
    power = minus ? -power : power;
    n->power += power;
    n->places += power;
    n->whole = false;
    n->end = p;
    return true;
}

/* strtod rounds correctly; the program never leaves the "C" locale. The copy ends where the number does, since
 * what stands behind it may look like more of it to strtod. */
bool json_number_round(const char *token, const JsonNumber *n, double *value)
{
    enum { COPY_MAX = 128 };
    char copy[COPY_MAX];
    size_t len = (size_t)(n->end - token);
    char *text = len < sizeof copy ? copy : malloc(len + 1);
    if (!text)
        return false;
    memcpy(text, token, len);
    text[len] = 0;
    *value = strtod(text, NULL);
    if (text != copy)
        free(text);
    return isfinite(*value);
}
