#include "cep/cmd/rewrite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Writes everything and makes it durable. Returns 0 or an errno value. */
static int write_whole(int fd, Text text)
{
    const char *p = text.p;
    size_t left = text.len;
    while (left) {
        ssize_t n = write(fd, p, left);
        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0) {
            p += n;
            left -= (size_t)n;
        }
    }
    return fsync(fd) == 0 ? 0 : errno;
}

int rewrite(const char *path, Text text)
{
    struct stat old;
    char *real = realpath(path, NULL);
    if (!real || stat(real, &old) != 0) {
        int err = errno;
        free(real);
        return err;
    }
    int err = 0;
    char *beside;
    if (asprintf(&beside, "%s.XXXXXX", real) < 0)
        abort();
    int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0) {
        err = errno;
    } else {
        if (fchown(fd, old.st_uid, old.st_gid) != 0) {
            /* only root can give a file away; the writer then owns it */
        }
        if (fchmod(fd, old.st_mode & 07777) != 0)
            err = errno;
        if (!err)
            err = write_whole(fd, text);
        if (close(fd) != 0 && !err)
            err = errno;
        if (!err && rename(beside, real) != 0)
            err = errno;
        if (err)
            unlink(beside);
    }
    free(beside);
    free(real);
    return err;
}
