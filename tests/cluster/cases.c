/* Writes random cases of the oracle as files that `cep run` and a cluster read: NNN.cep, NNN.jsonl, and the tables.
 *
 *   cases FOLDER COUNT SEED
 *
 * The network of case 17 is called c17. What several producers send becomes one stream, in its order of arrival; passing
 * time has no form on the wire and is left out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/generate.h"

static FILE *create(const char *folder, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (file)
        return file;
    fprintf(stderr, "cases: cannot write %s: %s\n", path, strerror(errno));
    exit(2);
}

static void write_text(const char *folder, const char *name, const char *text)
{
    FILE *file = create(folder, name);
    fputs(text, file);
    fclose(file);
}

/* The rules with their own name, with their tables from files, and with all that is derived as alerts. */
static void write_rules(FILE *file, const char *rules, unsigned long number)
{
    for (const char *line = rules; *line;) {
        const char *end = strchr(line, '\n');
        int n = (int)(end ? end - line : (long)strlen(line));
        const char *brace = strncmp(line, "table ", 6) == 0 ? memchr(line, '{', (size_t)n) : NULL;
        if (strncmp(line, "network ", 8) == 0)
            fprintf(file, "network c%lu\n", number);
        else if (strncmp(line, "event D", 7) == 0 || strncmp(line, "event E", 7) == 0)
            fprintf(file, "alert%.*s\n", n - 5, line + 5);
        else if (brace)
            fprintf(file, "%.*sfrom csv \"%s.csv\" %.*s\n", (int)(brace - line), line,
                    strncmp(line + 6, "Ref", 3) == 0 ? "ref" : "pair", (int)(line + n - brace), brace);
        else
            fprintf(file, "%.*s\n", n, line);
        line += n + (end != NULL);
    }
}

static void write_case(const char *folder, unsigned long number, const Case *c)
{
    char name[64], line[CASE_LINE_MAX];
    snprintf(name, sizeof name, "%03lu.cep", number);
    FILE *file = create(folder, name);
    write_rules(file, c->rules, number);
    fclose(file);
    snprintf(name, sizeof name, "%03lu.jsonl", number);
    file = create(folder, name);
    for (uint32_t i = 0; i < c->nevents; i++) {
        if (c->events[i].step != STEP_LINE)
            continue;
        case_line(&c->events[i], line);
        fprintf(file, "%s\n", line);
    }
    fclose(file);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: cases FOLDER COUNT SEED\n");
        return 2;
    }
    unsigned long count = strtoul(argv[2], NULL, 10), seed = strtoul(argv[3], NULL, 10);
    write_text(argv[1], "ref.csv", "id,name,lim\n0,zero,2\n1,one,\n");
    write_text(argv[1], "pair.csv", "a,b,x\n0,x,10\n1,y,11\n1,x,12\n");
    for (unsigned long i = 1; i <= count; i++) {
        Case c;
        case_make(&c, seed * 1000003 + i);
        write_case(argv[1], i, &c);
        case_free(&c);
    }
    return 0;
}
