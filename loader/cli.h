/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h: the command line of sbx. */
#ifndef SBX_CLI_H
#define SBX_CLI_H

#include "loader/policy.h"

/*
 * To be called first: notes which of 0, 1, 2 are closed in closed[] and puts
 * something there that can neither be read nor written, so that nothing that
 * sbx opens gets these numbers.  0, or -1 with *e.
 */
int std_fds_hold(bool closed[3], struct err *e);

/*
 * Parse the command line into *p.  Returns 1 when the program is to be run, 0
 * when all is done (--help), -1 with *e.
 */
int cli_parse(struct policy *p, int argc, char **argv, struct err *e);

/* Print the list of system calls with level and note.  0, or -1 with *e. */
int syscalls_print(struct err *e);
/* Set the bits of the calls that @set, a,b,c or !a,b,c, names. */
int trace_parse(uint64_t bits[16], const char *set, struct err *e);

#endif
