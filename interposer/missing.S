/* SPDX-License-Identifier: Apache-2.0 */
/*
 * missing.S: functions of parts that are not in the tree yet, so that the
 * image links.  Each goes away with the line here when its part comes.
 */
	.text
missing:
	ud2
	.irp	name, vfs_boot, vfs_first_task, \
		inode_permission, path_lookup_k, path_copy_in, \
		sys_write
	.weak	\name
	.hidden	\name
	.set	\name, missing
	.endr
	.section .note.GNU-stack, "", @progbits
