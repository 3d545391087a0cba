/* SPDX-License-Identifier: Apache-2.0
 *
 * Credentials, from the first source that has some, in AWS's order: the config's keys, the
 * environment, web identity (STS), the shared files and their profile, the container's endpoint,
 * IMDSv2. Temporary ones are renewed five minutes before they end; while a renewal fails, the old
 * ones serve until they do. No part of them is ever logged. Any thread: one renews, the others wait
 * for it only where they have nothing valid. */
#ifndef S3_CREDS_H
#define S3_CREDS_H

#include <mediagw/plugin.h>

struct credential {
    const char *access_key, *secret_key;
    const char *session_token; /* NULL: none */
    int64_t expires_at_ms;     /* wall clock; 0: never */
};

struct creds;

/* Takes what it needs of CONFIG (access_key, secret_key, session_token, profile, and what else its
 * sources need); half a pair is MGW_INVALID. Asks no source yet. */
enum mgw_status creds_new(struct mgw_call *call, const struct mgw_config *config,
                          const struct mgw_host *host, struct creds **creds);
void creds_free(struct creds *creds);

/* The credential to sign with now; its strings are the call's. Blocks until the call's deadline at
 * most. MGW_DENIED: no source has any (the text names those that were asked, and why each had
 * none); MGW_UNAVAILABLE: a source that has some does not answer now. */
enum mgw_status creds_get(struct mgw_call *call, struct creds *creds,
                          struct credential *credential);
/* The server says that ACCESS_KEY is over (ExpiredToken, InvalidAccessKeyId): the next creds_get
 * asks the source again, unless that has happened already or the credential never changes. */
void creds_renew(struct creds *creds, const char *access_key);

#endif
