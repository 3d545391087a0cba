/* SPDX-License-Identifier: Apache-2.0
 *
 * XML answers: no network, no entities, no DTD; sizes are the exchange's affair. One thread an
 * answer. */
#ifndef S3_ANSWER_H
#define S3_ANSWER_H

#include "text.h"

#define ANSWER_MAX (8u << 20) /* bytes of any XML answer */

struct answer {
    void *doc;
};

/* Once, before anything else here. */
void answer_init(void);
/* The root element, where the text is well-formed and the root is called NAME (NULL: anything);
 * else NULL. To be closed in any case. */
const void *answer_open(struct answer *answer, const struct text *text, const char *name);
void answer_close(struct answer *answer);
#define AUTO_ANSWER __attribute__((cleanup(answer_close)))

/* The first child element called NAME, or the next of the same name behind NODE; NULL: none. */
const void *answer_child(const void *node, const char *name);
const void *answer_next(const void *node);
/* The text of NODE's child NAME, "" where it is missing or does not fit: in OUT. */
const char *answer_value(const void *node, const char *name, char *out, size_t size);
/* The same, the URL encoding of a list undone; false where it is missing or does not fit. */
bool answer_key(const void *node, const char *name, char *out, size_t size);

#endif
