/* SPDX-License-Identifier: Apache-2.0 */
/* main.c: the sbx command. */
#include "config.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loader/cli.h"
#include "loader/launch.h"

/* End as the program did, so that a shell sees what it would without sbx. */
static int end_as(int status)
{
	sigset_t set;
	int sig;

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	sig = WTERMSIG(status);
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	kill(getpid(), sig);	/* not raise(): the filter knows kill alone */
	return 128 + sig;
}

int main(int argc, char **argv)
{
	struct policy p = { 0 };
	struct err e = { 0 };
	int status;

	launch_check_place(argv);
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
	status = launch_run(&p, &e);
	return status < 0 ? err_print(&e) : end_as(status);
}
