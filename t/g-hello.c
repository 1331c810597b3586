/* SPDX-License-Identifier: Apache-2.0 */
/* g-hello.c: the smallest guest: write and exit. */
#include <unistd.h>

int main(void)
{
	static const char text[] = "hello\n";

	if (write(1, text, sizeof(text) - 1) != (ssize_t)sizeof(text) - 1)
		return 1;
	return 42;
}
