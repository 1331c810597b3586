/* SPDX-License-Identifier: Apache-2.0 */
/* main.c: the sbx command. */
#include "config.h"

#include "loader/cli.h"

int main(int argc, char **argv)
{
	struct policy p = { 0 };
	struct err e = { 0 };

	if (std_fds_hold(p.std_closed, &e) < 0)
		return err_print(&e);
	switch (cli_parse(&p, argc, argv, &e)) {
	case 0:
		return 0;
	case 1:
		break;
	default:
		return err_print(&e);
	}
	err_set(&e, EXIT_SBX, "%s: programs cannot be run yet", p.program);
	return err_print(&e);
}
