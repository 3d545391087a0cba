/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps over JSON text that jansson has read already: for what a parsed value cannot tell, its
 * place in the text or its own spelling. Never beyond the NUL, whatever the text. Pure. */
#ifndef BASE_JSON_SKIP_H
#define BASE_JSON_SKIP_H

/* The first character at or behind AT that is no white space. */
const char *json_skip_space(const char *at);
/* Behind the string whose opening quote stands at AT. */
const char *json_skip_string(const char *at);
/* Behind the value that begins at AT. */
const char *json_skip_value(const char *at);

#endif
