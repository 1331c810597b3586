/* SPDX-License-Identifier: Apache-2.0 */
/*
 * missing.S: functions of parts that are not in the tree yet, so that the
 * image links.  Each goes away with the line here when its part comes.
 */
	.text
missing:
	ud2
	.irp	name, fifo_open, chrdev_open, \
		random_seed, task_init, vfs_boot, vfs_first_task, exec_boot, \
		patch_get_stats, patch_fault, patch_change, patch_site_trapped, \
		signal_fault, signal_deliver, task_exit, sys_write, sys_exit, \
		sys_exit_group, sys_getpid
	.weak	\name
	.hidden	\name
	.set	\name, missing
	.endr
	.section .note.GNU-stack, "", @progbits
