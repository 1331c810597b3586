/* SPDX-License-Identifier: Apache-2.0 */
/* imagemap.h: where the kernel's image goes in the process of the kernel. */
#ifndef SBX_IMAGEMAP_H
#define SBX_IMAGEMAP_H

#include <stdbool.h>

/* The file of sbx itself, or -1. */
int image_open(void);
/* Map the image from @fd; false: not, @fd may be -1. */
bool image_map(int fd);
/* Move what is mapped of it; false with errno. */
bool image_move(void);

#endif
