/* cep: finds the verb and hands it the rest of the command line. */
#include "cep/cmd/verb.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cep/text.h"

const Verb verbs[] = {
#define VERB(name, what) {#name, what, cmd_##name},
#include "cep/cmd/verbs.def"
    {0},
};

const Verb *verb_find(const char *name)
{
    for (const Verb *verb = verbs; verb->name; verb++)
        if (strcmp(verb->name, name) == 0)
            return verb;
    return NULL;
}

int verb_unknown(const char *name)
{
    enum { NEAR = 2 }; /* edits */
    const Verb *nearest = NULL;
    uint32_t least = NEAR + 1;
    for (const Verb *verb = verbs; verb->name; verb++) {
        uint32_t distance = text_distance(text_of(name), text_of(verb->name), NEAR);
        if (distance < least) {
            least = distance;
            nearest = verb;
        }
    }
    fprintf(stderr, "cep: there is no verb `%s`", name);
    if (nearest)
        fprintf(stderr, "; did you mean `%s`?\n", nearest->name);
    else
        fprintf(stderr, "; `cep help` lists them\n");
    return EXIT_USAGE;
}

/* Output that did not reach its file (a full disk) makes any run a failed one. */
static int finish(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (errno != EPIPE)
        fprintf(stderr, "cep: cannot write to standard output: %s\n", strerror(errno));
    return code == EXIT_DONE ? EXIT_UNREACHABLE : code;
}

/* A standard file that the caller closed stays unusable: no file or pipe of ours takes its number. */
static void keep_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
    keep_standard_files();
    argp_err_exit_status = EXIT_USAGE;
    if (argc < 2) {
        cmd_help(1, (char *[]){"cep help", NULL});
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "-?") == 0)
        name = "help";
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
        name = "version";
    const Verb *verb = verb_find(name);
    if (!verb)
        return verb_unknown(name);

    char called[64];
    snprintf(called, sizeof called, "cep %s", verb->name);
    argv[1] = called;
    return finish(verb->run(argc - 1, argv + 1));
}
