/* SPDX-License-Identifier: Apache-2.0 */
/* script.h: `#!` lines. */
#ifndef SBX_TASK_SCRIPT_H
#define SBX_TASK_SCRIPT_H

#define SCRIPT_LINE	256	/* bytes of a file that are looked at */

/*
 * @buf holds the first SCRIPT_LINE bytes of a file, zeroes behind its end.
 * *@interp and *@arg (or NULL) point into it then, ended by NUL.
 * 0 or -ENOEXEC.
 */
int script_parse(char buf[SCRIPT_LINE], char **interp, char **arg);

#endif
