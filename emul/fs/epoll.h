/* SPDX-License-Identifier: Apache-2.0 */
/* epoll.h: what the life of files needs of epoll. */
#ifndef SBX_FS_EPOLL_H
#define SBX_FS_EPOLL_H

#include <stdint.h>

struct file;

/* The last reference to @f, whose watchers are not NULL, went. */
void epoll_forget(struct file *f);

/*
 * The file that the epoll @ep watches as the descriptor @fd, the @nth of those
 * that had it, without a reference; NULL when @ep is no epoll, and in *@err why.
 */
const void *epoll_target(struct file *ep, int fd, uint32_t nth, int *err);

/* f->host_fd of @f came or went. */
void epoll_host_changed(struct file *f);

#endif
