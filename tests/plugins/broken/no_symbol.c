/* SPDX-License-Identifier: Apache-2.0
 *
 * A shared object that is no plugin. */
#include <mediagw/plugin.h>

MGW_EXPORT int no_symbol_here(void);
MGW_EXPORT int no_symbol_here(void)
{
    return 0;
}
