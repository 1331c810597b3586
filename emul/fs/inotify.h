/* SPDX-License-Identifier: Apache-2.0 */
/* inotify.h: limits of inotify(7), as /proc/sys/fs/inotify shows them. */
#ifndef SBX_FS_INOTIFY_H
#define SBX_FS_INOTIFY_H

#define INOTIFY_INSTANCES	1024u
#define INOTIFY_WATCHES		524288u
#define INOTIFY_EVENTS		16384u	/* in one queue */

#endif
