/* SPDX-License-Identifier: Apache-2.0
 *
 * A module whose one function answers nothing. */
#include <mediagw/plugin.h>

MGW_REGISTER(NULL);
