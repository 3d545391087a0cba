/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/s3/fault_link.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void must(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "fault server: %s\n", what);
        ERR_print_errors_fp(stderr);
        abort();
    }
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    must(extension && X509_add_ext(certificate, extension, -1), value);
    X509_EXTENSION_free(extension);
}

static X509 *make_certificate(EVP_PKEY *key, const char *name)
{
    X509 *certificate = X509_new();
    char names[300];
    struct in_addr address;
    bool is_ip = inet_pton(AF_INET, name, &address) == 1;
    snprintf(names, sizeof names, "%s:%s", is_ip ? "IP" : "DNS", name);
    must(certificate && X509_set_version(certificate, 2) &&
             ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) &&
             X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) &&
             X509_gmtime_adj(X509_getm_notAfter(certificate), 86400) &&
             X509_set_pubkey(certificate, key) &&
             X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                                        (const unsigned char *)name, -1, -1, 0) &&
             X509_set_issuer_name(certificate, X509_get_subject_name(certificate)),
         "certificate");
    add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate, NID_subject_alt_name, names);
    must(X509_sign(certificate, key, EVP_sha256()), "signature");
    return certificate;
}

SSL_CTX *link_context(const char *name, const char *ca_file)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    must(key != NULL, "key");
    X509 *certificate = make_certificate(key, name);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    must(context && SSL_CTX_use_certificate(context, certificate) &&
             SSL_CTX_use_PrivateKey(context, key),
         "context");
    FILE *file = fopen(ca_file, "we");
    must(file && PEM_write_X509(file, certificate), ca_file);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return context;
}

bool link_open(struct link *link, int fd, SSL_CTX *context)
{
    *link = (struct link){.fd = fd};
    if (context) {
        link->ssl = SSL_new(context);
        must(link->ssl && SSL_set_fd(link->ssl, fd), "connection");
        return SSL_accept(link->ssl) == 1;
    }
    return true;
}

size_t link_read(struct link *link, void *bytes, size_t length)
{
    ssize_t got =
        link->ssl ? SSL_read(link->ssl, bytes, (int)length) : recv(link->fd, bytes, length, 0);
    return got > 0 ? (size_t)got : 0;
}

bool link_write(struct link *link, const void *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        const char *from = (const char *)bytes + at;
        ssize_t sent = link->ssl ? SSL_write(link->ssl, from, (int)(length - at))
                                 : send(link->fd, from, length - at, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        at += (size_t)sent;
    }
    return true;
}

void link_close(struct link *link, bool reset)
{
    if (reset) {
        struct linger linger = {.l_onoff = 1};
        setsockopt(link->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    ERR_clear_error();
    SSL_free(link->ssl);
    close(link->fd);
}
