/* SPDX-License-Identifier: Apache-2.0 */
/* epoll.h: what the life of files needs of epoll. */
#ifndef SBX_FS_EPOLL_H
#define SBX_FS_EPOLL_H

struct file;

/* The last reference to @f, whose watchers are not NULL, went. */
void epoll_forget(struct file *f);

/* f->host_fd of @f came or went. */
void epoll_host_changed(struct file *f);

#endif
