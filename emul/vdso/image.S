/* SPDX-License-Identifier: Apache-2.0 */
/* image.S: the vdso inside of the kernel's image. */
	.section .rodata
	.globl	vdso_image
	.hidden	vdso_image
	.balign	64
vdso_image:
	.incbin "emul/vdso/vdso.so"
	.globl	vdso_image_end
	.hidden	vdso_image_end
vdso_image_end:
	.section .note.GNU-stack, "", @progbits
