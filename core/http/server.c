/* SPDX-License-Identifier: Apache-2.0
 *
 * See server.h. Start, the wait for signals, and the stop, which is in order: no new connections,
 * running requests to their end, then libmicrohttpd (which must have nothing suspended), then the
 * workers. */
#include "core/http/server.h"

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/http/acceptor.h"
#include "core/http/conn.h"
#include "core/http/exchange.h"
#include "core/http/gather.h"
#include "core/http/health.h"
#include "core/http/listen.h"
#include "core/http/notify.h"
#include "core/http/reload.h"
#include "core/http/settings.h"
#include "core/http/tally.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CONNECTION_BYTES = 36 * 1024,   /* above 32 KiB libmicrohttpd maps it, and it goes back */
    CONNECTION_STACK = 1024 * 1024, /* jansson recurses 2,048 levels deep, in some 190 KiB */
    STOP_TICK_MS = 20,
    TIDY_MS = 5000,
    ABORT_MS = 5000 /* for drivers to notice that they are cancelled */
};
#define DEFAULT_MAX_UPLOAD (5ull << 30)

struct server {
    struct gateway gateway;
    struct listener listener;
    struct MHD_Daemon *daemon;
    struct acceptor *acceptor;
    sigset_t signals;
};

/* Blocked here, so in all threads started from now on; sigwait takes them. */
static void block_signals(struct server *server)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error of write(2), not an end */
    sigemptyset(&server->signals);
    sigaddset(&server->signals, SIGTERM);
    sigaddset(&server->signals, SIGINT);
    sigaddset(&server->signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &server->signals, NULL);
}

__attribute__((format(printf, 2, 0))) static void mhd_log(void *ctx, const char *format,
                                                          va_list args)
{
    (void)ctx;
    if (!log_enabled(LOG_LEVEL_DEBUG)) {
        return;
    }
    AUTO_BUF struct buf text = {.max = 1024};
    buf_vprintf(&text, format, args);
    if (text.length > 0 && text.data[text.length - 1] == '\n') {
        text.data[text.length - 1] = '\0';
    }
    log_event(LOG_LEVEL_DEBUG, "libmicrohttpd", LOG_TEXT("text", text.data ? text.data : ""));
}

/* Whether ADDRESS is a trusted proxy's now. */
static bool is_proxy(void *ctx, const struct in6_addr *address)
{
    struct gateway *gateway = ctx;
    struct settings *settings = settings_take(gateway->settings);
    const struct config_addresses *trusted = &settings_config(settings)->trusted_proxies;
    bool holds = cidr_holds(trusted->at, trusted->count, address);
    settings_release(settings);
    return holds;
}

static bool server_settings(struct gateway *gateway)
{
    struct mgw_error error = {.size = sizeof error};
    struct settings *settings = NULL;
    if (settings_new(gateway->config, &settings, &error) != MGW_OK) {
        log_event(LOG_LEVEL_ERROR, "the config is wrong", LOG_TEXT("reason", error.text));
        return false;
    }
    gateway->settings = settings_now_new(settings);
    return gateway->settings != NULL;
}

static unsigned server_threads(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > 64 ? 64 : (unsigned)cores;
}

static bool server_prepare(struct server *server, const struct config *config,
                           struct mgw_media *media)
{
    struct gateway *gateway = &server->gateway;
    uint64_t max = config->media.max_upload_bytes;
    gateway->config = config;
    gateway->media = media;
    gateway->max_upload_bytes = max ? max : DEFAULT_MAX_UPLOAD;
    gateway->pool = pool_new("mgw-worker", config->limits.workers, config->limits.queue);
    gateway->gather = gather_new();
    gateway->health = health_new();
    uint32_t share = config->limits.connections / 4;
    gateway->uploads = tally_new(share ? share : 1);
    uint32_t per_address = config->limits.connections_per_address;
    gateway->addresses = per_address ? tally_new(per_address) : NULL;
    gateway->conns = conns_new(&(struct conn_limits){
        .connections = config->limits.connections,
        .per_address = config->limits.connections_per_address,
        .header_deadline_ms = config->limits.header_deadline_ms,
        .idle_ms = config->limits.idle_ms,
        .min_rate = config->limits.min_rate,
        .threads = server_threads(),
        .is_proxy = is_proxy,
        .is_proxy_ctx = gateway,
    });
    return gateway->pool && gateway->gather && gateway->health && gateway->uploads &&
           gateway->conns && (!per_address || gateway->addresses) && server_settings(gateway);
}

/* libmicrohttpd divides its connection limit among its threads, which take connections unevenly: it
 * gets room for the worst, and conns_accept counts. */
static bool server_start(struct server *server)
{
    unsigned threads = server_threads();
    uint64_t connections = (uint64_t)server->gateway.config->limits.connections * threads + threads;
    struct gateway *gateway = &server->gateway;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                     MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC;
    server->daemon = MHD_start_daemon(
        flags, 0, conns_accept, gateway->conns, exchange_handle, gateway,
        MHD_OPTION_EXTERNAL_LOGGER, mhd_log, NULL,              /* first: it serves the others */
        MHD_OPTION_THREAD_POOL_SIZE, threads,                   /* */
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)CONNECTION_STACK, /* */
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)(connections > 1000000 ? 1000000 : connections),
        MHD_OPTION_CONNECTION_TIMEOUT, 0u,                            /* the sweeper's */
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, /* */
        MHD_OPTION_URI_LOG_CALLBACK, exchange_begin, gateway,         /* */
        MHD_OPTION_NOTIFY_COMPLETED, exchange_end, gateway,           /* */
        MHD_OPTION_NOTIFY_CONNECTION, conns_notice, gateway->conns,   /* */
        MHD_OPTION_END);
    server->acceptor =
        server->daemon ? acceptor_new(server->daemon, gateway->conns, server->listener.fd) : NULL;
    if (server->daemon && !server->acceptor) {
        MHD_stop_daemon(server->daemon);
    }
    return server->acceptor != NULL;
}

static void server_say(const struct server *server)
{
    const struct config *config = server->gateway.config;
    AUTO_BUF struct buf url = {0};
    if (config->public_url) {
        buf_text(&url, config->public_url);
    } else if (server->listener.port) {
        buf_printf(&url, "http://%s", server->listener.address);
    }
    log_event(LOG_LEVEL_INFO, "listening", LOG_TEXT("address", server->listener.address),
              LOG_NUMBER("port", server->listener.port), LOG_TEXT("url", url.data),
              LOG_TEXT("mode", config->dev ? "dev" : NULL));
}

/* The next signal that ends the server; 0: none within TIMEOUT_MS (negative: for ever). */
static int server_wait(struct server *server, int64_t timeout_ms)
{
    int64_t until = clock_mono_ms() + timeout_ms;
    for (;;) {
        int64_t left = timeout_ms < 0 ? TIDY_MS : until - clock_mono_ms();
        if (left < 0) {
            return 0;
        }
        struct timespec wait = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
        int signal = sigtimedwait(&server->signals, NULL, &wait);
        if (signal == SIGHUP) {
            notify_reloading();
            reload(&server->gateway);
            notify_ready();
        } else if (signal > 0) {
            return signal;
        } else {
            gather_tidy(server->gateway.gather);
        }
    }
}

/* Waits until no request is under way; false at the deadline or at another signal. ALL: those that
 * were given up too. */
static bool server_settle(struct server *server, int64_t patience_ms, bool all)
{
    int64_t until = clock_mono_ms() + patience_ms;
    while (server->gateway.active > (all ? 0 : conns_given_up(server->gateway.conns))) {
        if (clock_mono_ms() > until || server_wait(server, STOP_TICK_MS) != 0) {
            return false;
        }
    }
    return true;
}

static void say_stuck(void *ctx, const struct mgw_stuck_call *call)
{
    (void)ctx;
    log_event(LOG_LEVEL_ERROR, "ending without a plugin's call", LOG_TEXT("plugin", call->plugin),
              LOG_TEXT("callback", call->callback), LOG_TEXT("request", call->request_id),
              LOG_NUMBER("ms", call->for_ms));
}

static int server_stop(struct server *server)
{
    const struct config *config = server->gateway.config;
    notify_stopping();
    log_event(LOG_LEVEL_INFO, "stopping", LOG_NUMBER("requests", server->gateway.active));
    server->gateway.draining = true;
    bool patient = server_wait(server, config->limits.drain_delay_ms) == 0;
    acceptor_free(server->acceptor);
    shutdown(server->listener.fd, SHUT_RDWR); /* what is in the backlog, or comes, is refused */
    conns_stop(server->gateway.conns);
    if (!patient || !server_settle(server, config->limits.shutdown_deadline_ms, false)) {
        log_event(LOG_LEVEL_WARN, "requests are cut off",
                  LOG_NUMBER("requests", server->gateway.active));
        conns_abort(server->gateway.conns);
    }
    if (!server_settle(server, ABORT_MS, true)) {
        /* A driver does not come back: nothing that it may still use can be released. */
        mgw_media_stuck(server->gateway.media, 0, say_stuck, NULL);
        log_event(LOG_LEVEL_ERROR, "a driver does not return, ending without it");
        _exit(1);
    }
    MHD_stop_daemon(server->daemon);
    listen_close(&server->listener);
    log_event(LOG_LEVEL_INFO, "stopped");
    return 0;
}

static void server_release(struct server *server)
{
    pool_free(server->gateway.pool);
    conns_free(server->gateway.conns);
    gather_free(server->gateway.gather);
    tally_free(server->gateway.uploads);
    tally_free(server->gateway.addresses);
    settings_now_free(server->gateway.settings);
    health_free(server->gateway.health);
}

int http_serve(const struct config *config, struct mgw_media *media)
{
    struct server server = {.listener.fd = -1};
    AUTO_FREE char *error = NULL;
    block_signals(&server);
    int code = 1;
    if (!listen_open(config->listen, &server.listener, &error)) {
        log_event(LOG_LEVEL_ERROR, "cannot listen", LOG_TEXT("reason", error));
    } else if (!server_prepare(&server, config, media) || !server_start(&server)) {
        log_event(LOG_LEVEL_ERROR, "cannot start the HTTP server",
                  LOG_TEXT("reason", strerror(errno)));
        listen_close(&server.listener);
    } else {
        server_say(&server);
        notify_ready();
        server_wait(&server, -1);
        code = server_stop(&server);
    }
    server_release(&server);
    return code;
}
