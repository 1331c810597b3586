/* SPDX-License-Identifier: Apache-2.0 */
/* main.c: the sbx command. */
#include "config.h"

#include <stdio.h>

int main(void)
{
	return printf("%s\n", PACKAGE_STRING) < 0;
}
