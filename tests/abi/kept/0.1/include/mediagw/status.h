/* SPDX-License-Identifier: Apache-2.0
 *
 * Statuses: what every callback of a plugin and every function of the library answers. The numbers
 * are fixed for ever; new ones are appended, and a status that the reader does not know means
 * MGW_IO. Compiles alone as C11 and C++17. */
#ifndef MEDIAGW_STATUS_H
#define MEDIAGW_STATUS_H

enum mgw_status {
    MGW_OK = 0,
    MGW_NOT_FOUND = 1,    /* there is no such row, blob, upload, record */
    MGW_EXISTS = 2,       /* if-absent was asked for, and it is there */
    MGW_CONFLICT = 3,     /* a comparison or precondition failed (status, version, etag) */
    MGW_STALE = 4,        /* the lease is over or a newer fence has been seen */
    MGW_DENIED = 5,       /* credentials or file permissions do not allow it */
    MGW_INVALID = 6,      /* the arguments are wrong; the error text may be shown to the client */
    MGW_RANGE = 7,        /* the offset lies beyond the end */
    MGW_TOO_LARGE = 8,    /* over a limit that configuration or the store sets on one thing */
    MGW_NO_SPACE = 9,     /* the disk or database is full */
    MGW_QUOTA = 10,       /* the account's or the disk user's quota is used up */
    MGW_BUSY = 11,        /* somebody else holds it; try again soon */
    MGW_UNAVAILABLE = 12, /* it certainly did not happen; try again later */
    MGW_UNKNOWN_OUTCOME =
        13, /* it may have happened: repeat the same verb with the same arguments */
    MGW_TIMEOUT =
        14, /* the call's deadline passed; like MGW_UNKNOWN_OUTCOME for a verb that writes */
    MGW_CANCELLED = 15, /* cancelled() said yes; like MGW_UNKNOWN_OUTCOME for a verb that writes */
    MGW_UNSUPPORTED = 16, /* this driver, or this stack of filters, cannot do it */
    MGW_CORRUPT = 17,     /* what is stored contradicts itself, or a digest does not match */
    MGW_IO = 18           /* any other failure */
};

#endif
