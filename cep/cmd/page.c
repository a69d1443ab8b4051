#include "cep/cmd/page.h"

#include <string.h>

static const struct {
    const char *code, *text;
} pages[] = {
#include "cep/cmd/error_pages.inc"
};

/* The text between two marks, the first of which stands at *at or behind; *at moves behind the second. */
static Text cut(const char **at, const char *from, const char *to)
{
    const char *start = strstr(*at, from);
    const char *end = start ? strstr(start + strlen(from), to) : NULL;
    if (!end)
        return (Text){0};
    start += strlen(from);
    *at = end + strlen(to);
    return (Text){start, (uint32_t)(end - start)};
}

bool page_find(const char *code, Page *page)
{
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (strcmp(pages[i].code, code) != 0)
            continue;
        const char *at = pages[i].text;
        *page = (Page){.code = pages[i].code, .is_script = strstr(at, "```sh wrong\n")};
        page->what = cut(&at, "\n\n", "\n\nWrong:\n\n");
        page->wrong = cut(&at, " wrong\n", "```\n\nRight:\n\n");
        page->right = cut(&at, "```cep\n", "```\n");
        return true;
    }
    return false;
}
