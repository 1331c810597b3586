/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.h: what mkfilter and confine.c agree on.
 *
 * The broker's filter is made at build time, but names two processes known
 * only at run time.  These stand for them in the program (and their negatives
 * for process groups) until confine.c puts the real ones in.
 */
#ifndef SBX_CONFINE_H
#define SBX_CONFINE_H

#define CONFINE_CHILD	0x5bc41d01U
#define CONFINE_SELF	0x5bc5e1f1U

#endif
