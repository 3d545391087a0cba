/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw-client`, which `mediagw put`, `get`, `ls` and `rm` become. */
#include "core/client/client.h"

int main(int argc, char **argv)
{
    return client_main(argc, argv);
}
