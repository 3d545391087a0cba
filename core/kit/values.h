/* SPDX-License-Identifier: Apache-2.0
 *
 * What {NAME} stands for in the configuration of the plugin under test. One thread. */
#ifndef KIT_VALUES_H
#define KIT_VALUES_H

#include <jansson.h>
#include <stdbool.h>

/* TMP is what {tmp} is, its last component what {case} is, UNIQUE what {unique} is; FILE (may be
 * NULL) a JSON object of texts. False: said why. */
bool kit_values_set(const char *tmp, const char *unique, const char *file);
void kit_values_free(void);
/* Hex digits of this run's own. */
const char *kit_unique(void);
/* The case's folder. */
const char *kit_tmp(void);

/* TEXT with every {name} replaced. To be freed; NULL: said which name is unknown. */
char *kit_expand(const char *text);
/* The same for every text in JSON; there braces that hold no known name are left alone. */
bool kit_expand_json(json_t *json);

#endif
