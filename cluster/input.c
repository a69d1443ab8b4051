/* One buffer: [taken | lines | rest of a line | free | padding]. Filling moves the rest of a line to the front
 * and reads behind it; the buffer grows from two chunks to what one line of the greatest length needs. */
#include "cluster/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/limits.h"

struct Input {
    Memory *memory;
    Text name;
    int fd;
    bool file;        /* a regular file: never waits */
    bool ended;       /* read to its end */
    bool skipping;    /* inside a line that is too long */
    uint64_t bytes_read;
    bool begun;       /* a byte order mark can no longer come */
    uint64_t line;
    char *bytes;
    size_t room;      /* without the padding */
    size_t start;     /* of what is not taken */
    size_t searched;  /* no newline stands before this */
    size_t end;
};

static bool has_prefix(Text text, const char *prefix)
{
    size_t n = strlen(prefix);
    return text.len >= n && memcmp(text.p, prefix, n) == 0;
}

/* -1 with errno set. */
static int open_path(Text path, bool *file)
{
    char name[4096];
    if (path.len == 0 || path.len >= sizeof name || memchr(path.p, 0, path.len)) {
        errno = path.len >= sizeof name ? ENAMETOOLONG : ENOENT;
        return -1;
    }
    memcpy(name, path.p, path.len);
    name[path.len] = 0;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (fd < 0)
        return -1;
    if (fstat(fd, &about) != 0 || S_ISDIR(about.st_mode)) {
        close(fd);
        errno = EISDIR;
        return -1;
    }
    *file = S_ISREG(about.st_mode);
    return fd;
}

Input *input_open(Memory *memory, Text uri, char *error, size_t error_size)
{
    Text path = uri;
    int fd;
    bool file = false;
    if (text_is_c(uri, "-") || text_is_c(uri, "stdin:")) {
        struct stat about;
        fd = STDIN_FILENO;
        path = TEXT("stdin");
        if (fstat(fd, &about) != 0 || S_ISDIR(about.st_mode)) {
            snprintf(error, error_size, "cannot read standard input: %s", strerror(errno ? errno : EISDIR));
            return NULL;
        }
        file = S_ISREG(about.st_mode);
    } else {
        if (has_prefix(path, "file:"))
            path = (Text){path.p + 5, path.len - 5};
        if (has_prefix(path, "//"))
            path = (Text){path.p + 2, path.len - 2};
        fd = open_path(path, &file);
        if (fd < 0) {
            snprintf(error, error_size, "cannot read %.*s: %s", TEXT_ARGS(path), strerror(errno));
            return NULL;
        }
    }
    Input *input = memory_new(memory, sizeof *input);
    char *name = memory_new(memory, path.len + 1);
    memcpy(name, path.p, path.len);
    *input = (Input){.memory = memory, .name = {name, path.len}, .fd = fd, .file = file, .room = 2 * INPUT_CHUNK};
    input->bytes = memory_new(memory, input->room + INPUT_PADDING);
    return input;
}

void input_close(Input *input)
{
    if (!input)
        return;
    if (input->fd != STDIN_FILENO)
        close(input->fd);
    memory_free(input->memory, input->bytes, input->room + INPUT_PADDING);
    memory_free(input->memory, (char *)input->name.p, input->name.len + 1);
    memory_free(input->memory, input, sizeof *input);
}

bool input_reads(const Input *input, const struct stat *file)
{
    struct stat about;
    return fstat(input->fd, &about) == 0 && about.st_dev == file->st_dev && about.st_ino == file->st_ino;
}

Text input_name(const Input *input)
{
    return input->name;
}

uint64_t input_line_number(const Input *input)
{
    return input->line;
}

uint64_t input_bytes_read(const Input *input)
{
    return input->bytes_read;
}

uint64_t input_bytes(const Input *input)
{
    struct stat about;
    return input->file && fstat(input->fd, &about) == 0 ? (uint64_t)about.st_size : 0;
}

int input_descriptor(const Input *input)
{
    return input->file ? -1 : input->fd;
}

static void skip_mark(Input *input)
{
    if (input->begun || input->end - input->start < 3)
        return;
    if (memcmp(input->bytes + input->start, "\xEF\xBB\xBF", 3) == 0)
        input->start += 3;
    input->begun = true;
}

static bool is_blank(Text line)
{
    for (uint32_t i = 0; i < line.len; i++)
        if (line.p[i] != ' ' && line.p[i] != '\t')
            return false;
    return true;
}

/* Takes what stands before `stop`, which is behind a newline or the end of the input. */
static Text take(Input *input, size_t stop, bool newline)
{
    Text line = {input->bytes + input->start, (uint32_t)(stop - input->start - newline)};
    if (line.len && line.p[line.len - 1] == '\r')
        line.len--;
    input->start = input->searched = stop;
    input->line++;
    return line;
}

/* The rest of a line that is too long is thrown away as it comes. */
static InputGot too_long(Input *input, Text *line)
{
    *line = (Text){input->bytes + input->start, (uint32_t)(input->end - input->start)};
    input->start = input->searched = input->end;
    input->line++;
    input->skipping = true;
    return INPUT_TOO_LONG;
}

static bool line_end(const Input *input, size_t *stop)
{
    size_t from = input->searched > input->start ? input->searched : input->start;
    const char *newline = from < input->end ? memchr(input->bytes + from, '\n', input->end - from) : NULL;
    if (newline)
        *stop = (size_t)(newline - input->bytes) + 1;
    return newline != NULL;
}

static bool is_too_long(size_t bytes)
{
    return bytes > (size_t)limit_default(LIMIT_LINE_BYTES);
}

InputGot input_line(Input *input, Text *line)
{
    skip_mark(input);
    for (;;) {
        size_t stop;
        bool newline = line_end(input, &stop);
        if (!newline) {
            input->searched = input->end;
            if (!input->ended && input->skipping)
                input->start = input->end;
            if (!input->ended)
                return !input->skipping && is_too_long(input->end - input->start) ? too_long(input, line) : INPUT_MORE;
            if (input->start == input->end || input->skipping)
                return INPUT_END;
            stop = input->end;
        }
        if (input->skipping) {
            input->start = input->searched = stop;
            input->skipping = false;
            continue;
        }
        *line = take(input, stop, newline);
        if (is_too_long(line->len))
            return INPUT_TOO_LONG;
        if (!is_blank(*line))
            return INPUT_LINE;
    }
}

static void make_room(Input *input)
{
    size_t rest = input->end - input->start;
    memmove(input->bytes, input->bytes + input->start, rest);
    input->searched -= input->start;
    input->start = 0;
    input->end = rest;
    if (input->room - rest >= INPUT_CHUNK)
        return;
    size_t room = input->room * 2;
    input->bytes = memory_resize(input->memory, input->bytes, input->room + INPUT_PADDING, room + INPUT_PADDING);
    input->room = room;
}

int input_fill(Input *input)
{
    make_room(input);
    ssize_t got = read(input->fd, input->bytes + input->end, INPUT_CHUNK);
    if (got < 0)
        return errno;
    input->ended = got == 0;
    input->end += (size_t)got;
    input->bytes_read += (size_t)got;
    memset(input->bytes + input->end, 0, INPUT_PADDING);
    return 0;
}
