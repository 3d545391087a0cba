/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/raw.h"

#include "tests/support/check.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_TIMEOUT_MS 60000

struct raw {
    int fd;
    char *bytes; /* received, not yet taken */
    size_t length;
    size_t capacity;
    bool ended;
};

static void free_raw(void *pointer)
{
    struct raw *raw = pointer;
    raw_close(raw);
    free(raw->bytes);
    free(raw);
}

struct raw *raw_open(const struct server *server)
{
    struct raw *raw = keep_with(calloc(1, sizeof(struct raw)), free_raw);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(server->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    raw->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(raw->fd >= 0);
    assert_int_equal(connect(raw->fd, (struct sockaddr *)&address, sizeof address), 0);
    int on = 1;
    setsockopt(raw->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return raw;
}

void raw_close(struct raw *raw)
{
    if (raw->fd >= 0) {
        close(raw->fd);
        raw->fd = -1;
    }
}

void raw_reset(struct raw *raw)
{
    struct linger linger = {.l_onoff = 1};
    setsockopt(raw->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    raw_close(raw);
}

void raw_send(struct raw *raw, const void *bytes, size_t length)
{
    const char *at = bytes;
    while (length > 0) {
        ssize_t sent = send(raw->fd, at, length, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) {
            return;
        }
        assert_true(sent > 0);
        at += sent;
        length -= (size_t)sent;
    }
}

void raw_text(struct raw *raw, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    assert_true(length >= 0);
    raw_send(raw, keep(text), (size_t)length);
}

void raw_half_close(struct raw *raw)
{
    shutdown(raw->fd, SHUT_WR);
}

/* Receives once more; false at the end of the connection or of the time. */
static bool more(struct raw *raw, int64_t timeout_ms)
{
    struct pollfd entry = {.fd = raw->fd, .events = POLLIN};
    if (raw->ended || poll(&entry, 1, (int)timeout_ms) <= 0) {
        return false;
    }
    if (raw->capacity - raw->length < 65536) {
        raw->capacity = raw->capacity * 2 + 131072;
        raw->bytes = realloc(raw->bytes, raw->capacity);
        assert_non_null(raw->bytes);
    }
    ssize_t got = recv(raw->fd, raw->bytes + raw->length, raw->capacity - raw->length - 1, 0);
    if (got <= 0) {
        raw->ended = true;
        return false;
    }
    raw->length += (size_t)got;
    raw->bytes[raw->length] = '\0';
    return true;
}

static bool more_in_time(struct raw *raw)
{
    bool came = more(raw, ANSWER_TIMEOUT_MS * slowness());
    if (!came && !raw->ended) {
        fail_msg("no answer in time; so far: %s", raw->bytes ? raw->bytes : "");
    }
    return came;
}

static void take(struct raw *raw, size_t length)
{
    memmove(raw->bytes, raw->bytes + length, raw->length - length + 1);
    raw->length -= length;
}

/* The head's length with its empty line, 0 where the connection ends before. */
static size_t head_length(struct raw *raw)
{
    for (;;) {
        char *end = raw->length > 0 ? memmem(raw->bytes, raw->length, "\r\n\r\n", 4) : NULL;
        if (end) {
            return (size_t)(end - raw->bytes) + 4;
        }
        if (!more_in_time(raw)) {
            return 0;
        }
    }
}

static bool need(struct raw *raw, size_t length)
{
    while (raw->length < length) {
        if (!more_in_time(raw)) {
            return false;
        }
    }
    return true;
}

static void read_chunks(struct raw *raw, struct http_answer *answer)
{
    FILE *body = open_memstream(&answer->body, &answer->length);
    assert_non_null(body);
    for (size_t size = 1; size > 0;) {
        char *end = NULL;
        while (raw->length == 0 || !(end = memmem(raw->bytes, raw->length, "\r\n", 2))) {
            assert_true(more_in_time(raw));
        }
        size = strtoul(raw->bytes, NULL, 16);
        size_t line = (size_t)(end - raw->bytes) + 2;
        assert_true(need(raw, line + size + 2));
        fwrite(raw->bytes + line, 1, size, body);
        take(raw, line + size + 2);
    }
    fclose(body);
    keep(answer->body);
}

static void read_body(struct raw *raw, struct http_answer *answer)
{
    const char *length = http_header(answer, "Content-Length");
    const char *coding = http_header(answer, "Transfer-Encoding");
    if (coding) {
        read_chunks(raw, answer);
        return;
    }
    if (length) {
        answer->length = strtoul(length, NULL, 10);
        if (!need(raw, answer->length)) {
            fail_msg("the answer's body is cut: %s", answer->head);
        }
    } else {
        while (more_in_time(raw)) {
        }
        answer->length = raw->length;
    }
    answer->body = keep_bytes(raw->bytes, answer->length);
    take(raw, answer->length);
}

static struct http_answer *read_answer(struct raw *raw, bool has_body)
{
    struct http_answer *answer = keep(calloc(1, sizeof *answer));
    answer->head = keep_text("%s", "");
    answer->body = answer->head;
    size_t length = head_length(raw);
    if (length == 0) {
        return answer;
    }
    answer->head = keep_bytes(raw->bytes, length);
    take(raw, length);
    if (strncmp(answer->head, "HTTP/1.", 7) != 0) {
        fail_msg("no status line: %s", answer->head);
    }
    answer->status = strtol(answer->head + 9, NULL, 10);
    if (has_body && answer->status >= 200 && answer->status != 204 && answer->status != 304) {
        read_body(raw, answer);
    }
    return answer;
}

struct http_answer *raw_read(struct raw *raw)
{
    return read_answer(raw, true);
}

struct http_answer *raw_read_head(struct raw *raw)
{
    return read_answer(raw, false);
}

bool raw_is_closed(struct raw *raw, int64_t timeout_ms)
{
    int64_t end = wait_now_ms() + timeout_ms;
    while (!raw->ended && raw->length == 0 && wait_now_ms() < end) {
        more(raw, end - wait_now_ms());
    }
    return raw->ended && raw->length == 0;
}

const char *raw_rest(struct raw *raw, int64_t timeout_ms)
{
    int64_t end = wait_now_ms() + timeout_ms;
    while (!raw->ended && wait_now_ms() < end) {
        more(raw, end - wait_now_ms());
    }
    return raw->ended ? keep_bytes(raw->bytes ? raw->bytes : "", raw->length) : NULL;
}

bool raw_has_answer(struct raw *raw, int64_t timeout_ms)
{
    return raw->length > 0 || more(raw, timeout_ms);
}
