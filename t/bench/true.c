/* SPDX-License-Identifier: Apache-2.0 */
/* true.c: the shortest program, for the cost of starting one. */
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	/* "sleep": be there, to be measured. */
	if (argc > 1 && !strcmp(argv[1], "sleep"))
		sleep(3);
	return 0;
}
