/* SPDX-License-Identifier: Apache-2.0 */
/* image.S: the kernel image as data of sbx, page aligned to be copied. */

	.section .rodata
	.balign	4096
	.globl	kernel_image
	.hidden	kernel_image
	.type	kernel_image, @object
kernel_image:
	.incbin	"kernel.bin"
	.globl	kernel_image_end
	.hidden	kernel_image_end
kernel_image_end:
	.size	kernel_image, kernel_image_end - kernel_image
	.byte	0

	.section .note.GNU-stack, "", @progbits
