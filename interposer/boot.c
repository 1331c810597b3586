/* SPDX-License-Identifier: Apache-2.0 */
/* boot.c: first code of the kernel image. */

void boot(void);

void boot(void)
{
	for (;;)
		__asm__ volatile("syscall");
}
