/* SPDX-License-Identifier: Apache-2.0 */
/* bpf.h: classic BPF over struct seccomp_data, as seccomp(2) takes it. */
#ifndef SBX_SECCOMP_BPF_H
#define SBX_SECCOMP_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "emul/lib/types.h"

/*
 * Are these @n instructions (1..BPF_MAXINSNS) a program that seccomp(2) takes,
 * and ends whatever it is given?  0, -EINVAL or -ENOMEM.
 */
int bpf_check(const struct sock_filter *prog, unsigned int n) __must_check;
/*
 * Run a program that was checked.  With @only_nr it stops, and *@looked says
 * so, where it reads anything but the number and the architecture.
 */
uint32_t bpf_run(const struct sock_filter *prog,
		 const struct seccomp_data *d, bool only_nr, bool *looked);

#endif
