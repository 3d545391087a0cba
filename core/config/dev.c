/* SPDX-License-Identifier: Apache-2.0
 *
 * Dev mode: a config without a file. Everything lies under DATA, which only its owner may enter;
 * the key of signed URLs is made once and kept there. */
#include "core/base/id.h"
#include "core/base/text.h"
#include "core/config/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { SECRET_BYTES = 32, KEY_FILE_MAX = 4096 };

static enum mgw_status refuse_errno(struct mgw_error *error, const char *what, const char *path)
{
    AUTO_BUF struct buf out = {0};
    buf_printf(&out, "%s: %s: %s", path, what, strerror(errno));
    return config_say(error, out.data ? out.data : "out of memory");
}

/* mkdir -p, every new folder with mode 0700. */
static bool make_folders(const char *path)
{
    AUTO_FREE char *copy = strdup(path);
    for (char *at = copy ? copy + 1 : NULL; at && *at; at++) {
        if (*at == '/') {
            *at = '\0';
            if (mkdir(copy, 0700) < 0 && errno != EEXIST) {
                return false;
            }
            *at = '/';
        }
    }
    return copy && (mkdir(copy, 0700) == 0 || errno == EEXIST);
}

static enum mgw_status check_private(const char *path, mode_t others, struct mgw_error *error)
{
    struct stat st;
    AUTO_BUF struct buf out = {0};
    if (stat(path, &st) < 0) {
        return refuse_errno(error, "cannot be looked at", path);
    }
    if (st.st_uid != geteuid() && st.st_uid != 0) {
        buf_printf(&out, "%s: belongs to another user", path);
        return config_say(error, out.data ? out.data : "");
    }
    if (st.st_mode & others) {
        buf_printf(&out, "%s: others may get at it (mode %04o); chmod go-rwx it", path,
                   st.st_mode & 07777u);
        return config_say(error, out.data ? out.data : "");
    }
    return MGW_OK;
}

static bool write_synced(int fd, const char *text)
{
    size_t length = strlen(text);
    return write(fd, text, length) == (ssize_t)length && fsync(fd) == 0;
}

static bool sync_folder(const char *folder)
{
    AUTO_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0;
}

/* Makes PATH with a new secret unless it is there. Written and synced under another name first, so
 * that two processes that start at once agree on one, and no crash leaves half a key. */
static bool make_key_file(const char *folder, const char *path)
{
    unsigned char secret[SECRET_BYTES];
    char hex[2 * SECRET_BYTES + 2], unique[ID_UUID_SIZE];
    if (access(path, F_OK) == 0) {
        return true;
    }
    id_random(secret, sizeof secret);
    id_hex(secret, sizeof secret, hex);
    memcpy(hex + 2 * SECRET_BYTES, "\n", 2);
    id_uuid(unique);
    AUTO_BUF struct buf name = {0};
    if (!buf_printf(&name, "%s/.url.key.%s", folder, unique)) {
        return false;
    }
    AUTO_CLOSE int fd = open(name.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool made = fd >= 0 && write_synced(fd, hex) && (link(name.data, path) == 0 || errno == EEXIST);
    int why = errno;
    if (fd >= 0) {
        unlink(name.data);
    }
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(hex, sizeof hex);
    made = made && sync_folder(folder);
    errno = made ? 0 : why;
    return made;
}

/* The kept secret, to be freed. */
static enum mgw_status dev_secret(const char *data_dir, char **secret, struct mgw_error *error)
{
    AUTO_BUF struct buf path = {0};
    if (!buf_printf(&path, "%s/url.key", data_dir)) {
        return config_say(error, "out of memory");
    }
    if (!make_key_file(data_dir, path.data)) {
        return refuse_errno(error, "cannot be made", path.data);
    }
    enum mgw_status status = check_private(path.data, 077, error);
    if (status != MGW_OK) {
        return status;
    }
    size_t length = 0;
    *secret = text_read_file(path.data, KEY_FILE_MAX, &length);
    if (!*secret) {
        return refuse_errno(error, "cannot be read", path.data);
    }
    while (length > 0 && (*secret)[length - 1] == '\n') {
        (*secret)[--length] = '\0';
    }
    return MGW_OK;
}

static json_t *dev_root(const char *data_dir, const char *secret)
{
    AUTO_BUF struct buf blobs = {0}, rows = {0};
    buf_printf(&blobs, "%s/blobs", data_dir);
    buf_printf(&rows, "%s/media.db", data_dir);
    return blobs.failed || rows.failed
               ? NULL
               : json_pack("{s:{s:s,s:s},s:{s:s,s:s},s:[{s:s,s:s}]}", "storage", "driver", "fs",
                           "root", blobs.data, "repository", "driver", "sqlite", "path", rows.data,
                           "url_keys", "id", "dev", "secret", secret);
}

static enum mgw_status dev_into(struct config_inside *config, const char *data_dir,
                                struct mgw_error *error)
{
    struct config *pub = &config->pub;
    if (!make_folders(data_dir)) {
        return refuse_errno(error, "cannot be made", data_dir);
    }
    pub->dev = true;
    pub->data_dir = realpath(data_dir, NULL);
    pub->directory = pub->data_dir ? strdup(pub->data_dir) : NULL;
    if (!pub->directory) {
        return refuse_errno(error, "cannot be found", data_dir);
    }
    AUTO_FREE char *secret = NULL;
    enum mgw_status status = check_private(pub->data_dir, 022, error);
    if (status == MGW_OK) {
        status = dev_secret(pub->data_dir, &secret, error);
    }
    if (status != MGW_OK) {
        return status;
    }
    config->root = dev_root(pub->data_dir, secret);
    status = config->root ? apply_root(config, error) : config_say(error, "out of memory");
    if (status == MGW_OK) {
        status = check_url_keys(config, error);
    }
    explicit_bzero(secret, strlen(secret));
    return status;
}

enum mgw_status config_dev(const char *data_dir, struct config **config, struct mgw_error *error)
{
    struct config_inside *made = calloc(1, sizeof *made);
    if (!made) {
        return config_say(error, "out of memory");
    }
    enum mgw_status status = dev_into(made, data_dir, error);
    if (status != MGW_OK) {
        config_free(&made->pub);
        return status;
    }
    *config = &made->pub;
    return MGW_OK;
}
