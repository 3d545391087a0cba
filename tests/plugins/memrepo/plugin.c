/* SPDX-License-Identifier: Apache-2.0
 *
 * The module's one exported symbol; not part of the static library, where several fakes meet. */
#include "memrepo.h"

MGW_REGISTER(memrepo_plugin());
