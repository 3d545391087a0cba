/* SPDX-License-Identifier: Apache-2.0
 *
 * What an answer that is no success means: a status, whether another attempt may help, and the
 * text. */
#ifndef S3_FAULT_H
#define S3_FAULT_H

#include "request.h"

struct fault {
    enum mgw_status status;
    bool again;        /* another attempt may help */
    bool doubtful;     /* it may have been carried out */
    bool renew;        /* with other credentials */
    bool other_region; /* with the region that was named */
    int64_t delay_ms;  /* Retry-After; 0: none */
    char code[64], message[256], request_id[128],
        region[64]; /* longer than any region: a cut one must not pass for one */
};

/* Of an answer: request->exchange and its status. */
void fault_of_answer(const struct s3 *s3, const struct request *request, struct fault *fault);
/* Of an exchange without an answer. */
void fault_of_end(const struct request *request, enum lane_end end, struct fault *fault);
/* Writes the call's error and returns the status. */
enum mgw_status fault_tell(struct mgw_call *call, const struct s3 *s3,
                           const struct request *request, const struct fault *fault,
                           unsigned attempts);

#endif
