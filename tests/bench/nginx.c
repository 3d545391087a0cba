/* SPDX-License-Identifier: Apache-2.0
 *
 * See nginx.h. */
#include "tests/bench/nginx.h"

#include "tests/support/scratch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECRET "a secret of the benchmark"

static uint16_t free_port(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof name;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&name, sizeof name) != 0 ||
        getsockname(fd, (struct sockaddr *)&name, &length) != 0) {
        perror("bench: a port for nginx");
        exit(1);
    }
    close(fd);
    return ntohs(name.sin_port);
}

/* CONSTANT in single quotes, as nginx reads it; `$` cannot be escaped there, and there is none. */
static void put_constant(FILE *file, const char *constant)
{
    for (; *constant; constant++) {
        if (*constant == '\'' || *constant == '\\') {
            fputc('\\', file);
        }
        if (*constant != '$') {
            fputc(*constant, file);
        }
    }
}

static void write_config(const struct nginx *nginx, const char *path, const char *const *constants,
                         size_t count)
{
    FILE *file = fopen(path, "we");
    if (!file) {
        perror(path);
        exit(1);
    }
    fprintf(file,
            "daemon off;\nworker_processes 2;\nmaster_process on;\npid %s/nginx.pid;\n"
            "error_log %s/error.log warn;\n%s"
            "events { worker_connections 4096; }\n"
            "http {\n default_type application/octet-stream;\n sendfile on;\n tcp_nopush on;\n"
            " keepalive_requests 100000000;\n client_body_temp_path %s;\n proxy_temp_path %s;\n"
            " fastcgi_temp_path %s;\n uwsgi_temp_path %s;\n scgi_temp_path %s;\n"
            " access_log %s/access.log combined;\n"
            " server {\n  listen 127.0.0.1:%u backlog=1024;\n"
            "  location /files/ {\n   alias %s/files/;\n"
            "   secure_link $arg_md5,$arg_expires;\n"
            "   secure_link_md5 \"$secure_link_expires$uri " SECRET "\";\n"
            "   if ($secure_link = \"\") { return 403; }\n"
            "   if ($secure_link = \"0\") { return 410; }\n  }\n",
            nginx->dir, nginx->dir, getuid() == 0 ? "user root;\n" : "", nginx->dir, nginx->dir,
            nginx->dir, nginx->dir, nginx->dir, nginx->dir, nginx->port, nginx->dir);
    for (size_t i = 0; i < count; i++) {
        fprintf(file, "  location = /constant/%zu {\n   default_type application/json;\n", i);
        fprintf(file, "   return 200 '");
        put_constant(file, constants[i]);
        fprintf(file, "';\n  }\n");
    }
    fprintf(file, " }\n}\n");
    fclose(file);
}

static bool answers(void *ctx)
{
    const struct nginx *nginx = ctx;
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(nginx->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
    close(fd);
    return good;
}

void nginx_start(struct nginx *nginx, char *dir, const char *const *constants, size_t count)
{
    char *config, *files;
    nginx->dir = dir;
    nginx->port = free_port();
    if (asprintf(&config, "%s/nginx.conf", dir) < 0 || asprintf(&files, "%s/files", dir) < 0) {
        abort();
    }
    mkdir(dir, 0700);
    mkdir(files, 0700);
    write_config(nginx, config, constants, count);
    nginx->pid = fork();
    if (nginx->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        execlp("nginx", "nginx", "-e", "stderr", "-p", dir, "-c", config, (char *)NULL);
        perror("bench: nginx");
        _exit(127);
    }
    if (!wait_for(answers, nginx, 10000)) {
        fprintf(stderr, "bench: nginx does not answer\n");
        exit(1);
    }
    free(config);
    free(files);
}

void nginx_stop(struct nginx *nginx)
{
    if (nginx->pid > 0) {
        kill(nginx->pid, SIGQUIT);
        waitpid(nginx->pid, NULL, 0);
        nginx->pid = 0;
    }
}

char *nginx_file(const struct nginx *nginx, const char *name, const char *bytes, size_t length,
                 uint64_t total)
{
    char *path, *text, *target;
    if (asprintf(&path, "%s/files/%s", nginx->dir, name) < 0) {
        abort();
    }
    FILE *file = fopen(path, "we");
    for (uint64_t at = 0; file && at < total; at += length) {
        fwrite(bytes, 1, total - at < length ? (size_t)(total - at) : length, file);
    }
    if (!file || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
    long long expires = (long long)time(NULL) + 36000;
    int text_length = asprintf(&text, "%lld/files/%s " SECRET, expires, name);
    unsigned char md5[16], encoded[25];
    EVP_Digest(text, (size_t)text_length, md5, NULL, EVP_md5(), NULL);
    EVP_EncodeBlock(encoded, md5, sizeof md5);
    for (unsigned char *c = encoded; *c; c++) {
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c == '=' ? '\0' : *c;
    }
    if (asprintf(&target, "/files/%s?md5=%s&expires=%lld", name, (char *)encoded, expires) < 0) {
        abort();
    }
    free(path);
    free(text);
    return target;
}
