/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *secret_dup(const char *text)
{
    return strdup(text);
}

void secret_free(char *text)
{
    if (text) {
        OPENSSL_cleanse(text, strlen(text));
        free(text);
    }
}

struct text secret_text(size_t size)
{
    struct text text = {.data = calloc(1, size + 1), .capacity = size + 1};
    text.failed = !text.data;
    return text;
}

void secret_text_free(struct text *text)
{
    if (text->data) {
        OPENSSL_cleanse(text->data, text->capacity);
    }
    text_free(text);
}

/* All of FD into BYTES, which has room for MAX + 1; -1: errno says why. */
static ssize_t slurp(int fd, char *bytes, size_t max)
{
    size_t length = 0;
    while (length <= max) {
        ssize_t got = read(fd, bytes + length, max + 1 - length);
        if (got == 0) {
            return (ssize_t)length;
        }
        if (got < 0 && errno != EINTR) {
            return -1;
        }
        length += got > 0 ? (size_t)got : 0;
    }
    errno = EFBIG;
    return -1;
}

char *secret_read(const char *path, size_t max)
{
    /* a fifo must not hold the caller */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return NULL;
    }
    struct stat stat;
    char *bytes = NULL;
    ssize_t length = -1;
    if (fstat(fd, &stat) == 0 && !S_ISREG(stat.st_mode)) {
        errno = EINVAL;
    } else if ((bytes = calloc(1, max + 2))) {
        length = slurp(fd, bytes, max);
        if (length >= 0 && memchr(bytes, '\0', (size_t)length)) {
            errno = EILSEQ;
            length = -1;
        }
    }
    int error = errno;
    close(fd);
    if (length < 0) {
        if (bytes) {
            OPENSSL_cleanse(bytes, max + 1);
        }
        free(bytes);
        errno = error;
        return NULL;
    }
    while (length > 0 && strchr(" \t\r\n", bytes[length - 1])) {
        bytes[--length] = '\0';
    }
    return bytes;
}
