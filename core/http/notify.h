/* SPDX-License-Identifier: Apache-2.0
 *
 * What systemd wants to know (sd_notify(3)), without its library: a datagram to $NOTIFY_SOCKET.
 * Nothing happens where that is not set. */
#ifndef HTTP_NOTIFY_H
#define HTTP_NOTIFY_H

void notify_ready(void);
/* A reload begins (notify_ready ends it). */
void notify_reloading(void);
void notify_stopping(void);

#endif
