/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/identity/route_table.h"

#include "core/http/routes.h"

struct route_entry route_table(unsigned index)
{
    return (struct route_entry){routes[index].method, routes[index].pattern, routes[index].scope};
}
