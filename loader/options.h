/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h: the one table of what sbx can be told.
 *
 *	OPTION(name, letter, ID, argument, where, group, help)
 *
 * One row is an option of the command line, --name or -letter, and, where it
 * says BOTH, a directive of profiles too: the name without dashes.  argument:
 * NULL for none; in brackets when it may be left out.  What it does is
 *
 *	int option_ID(struct settings *s, const char *arg, struct err *e)
 *
 * (settings.h), which the linker asks for.  getopt_long's array, --help and the
 * parser of profiles are made from the table, and tests look for each row in
 * sbx(1) and sbx-profile(5).
 */
#ifdef OPTION
OPTION("ro", 0, RO, "PATH[:DEST]", BOTH, FILES,
       "show PATH of the host (as DEST), read-only")
OPTION("rw", 0, RW, "PATH[:DEST]", BOTH, FILES,
       "show it and let the program change it")
OPTION("overlay", 0, OVERLAY, "PATH[:DEST]", BOTH, FILES,
       "show it; changes are kept in memory and lost")
OPTION("tmpfs", 0, TMPFS, "PATH[:size=N]", BOTH, FILES,
       "an empty directory in memory, of N[KMGT] bytes")
OPTION("hide", 0, HIDE, "PATH", BOTH, FILES,
       "as if PATH were not there")
OPTION("deny", 0, DENY, "PATH", BOTH, FILES,
       "PATH is there, and nobody may use it")
OPTION("volume", 'v', VOLUME, "PATH:DEST[:ro]", BOTH, FILES,
       "as podman's: writable, or ro, or overlay")
OPTION("mount", 0, MOUNT, "PATHS", BOTH, FILES,
       "as podman's: type=T,src=PATH,dst=DEST,ro...")
OPTION("root", 0, ROOT, "PATH[:ro|rw]", BOTH, FILES,
       "a directory to be the root, as an overlay")
OPTION("dev", 0, DEV, "NAME", BOTH, FILES,
       "a device; none but the sandbox's own are given")
OPTION("cwd", 0, CWD, "KIND", BOTH, FILES,
       "show the working directory: none, ro, overlay, rw")
OPTION("own-dir", 0, OWN_DIR, "KIND", BOTH, FILES,
       "show the program's directory: none, ro, overlay")
OPTION("workdir", 'w', WORKDIR, "DIR", BOTH, FILES,
       "start the program in DIR")
OPTION("diff", 0, DIFF, NULL, BOTH, FILES,
       "list at the end what the overlays hold: A, M, D")
OPTION("commit", 0, COMMIT, NULL, BOTH, FILES,
       "write it back if the program exits with 0")
OPTION("net", 0, NET, "KIND", BOTH, NETWORK,
       "none, filter (as granted here) or host (all)")
OPTION("allow-net", 0, ALLOW_NET, "HOST[:PORTS]", BOTH, NETWORK,
       "let it connect to a name, address or a.b.c.d/n")
OPTION("allow-bind", 0, ALLOW_BIND, "PORTS", BOTH, NETWORK,
       "let it listen on these ports of the host")
OPTION("publish", 'p', PUBLISH, "HOST:PORT[/udp]", BOTH, NETWORK,
       "its PORT can be reached at port HOST")
OPTION("dns", 0, DNS, "ADDR[:PORT]", BOTH, NETWORK,
       "who is asked for names, not the host's servers")
OPTION("user", 'u', USER, "UID[:GID]", BOTH, ENVIRONMENT,
       "the ids that the program sees as its own (0: root)")
OPTION("memory", 'm', MEMORY, "SIZE", BOTH, LIMITS,
       "memory of all processes and files in it: N[KMGT]")
OPTION("cpus", 0, CPUS, "N", BOTH, LIMITS,
       "CPUs, like 2 or 0.5")
OPTION("pids", 0, PIDS, "N", BOTH, LIMITS,
       "processes and threads")
OPTION("files", 0, FILES, "N", BOTH, LIMITS,
       "open descriptors a process")
OPTION("fsize", 0, FSIZE, "SIZE", BOTH, LIMITS,
       "size of a file that is written")
OPTION("timeout", 't', TIMEOUT, "TIME", BOTH, LIMITS,
       "SIGTERM after N[smhd], and exit status 124")
OPTION("kill-after", 0, KILL_AFTER, "TIME", BOTH, LIMITS,
       "SIGKILL so long after that [10s]")
OPTION("best-effort", 0, BEST_EFFORT, NULL, BOTH, LIMITS,
       "go on where the host cannot hold a limit")
OPTION("env", 'e', ENV, "NAME[=VALUE]", BOTH, ENVIRONMENT,
       "set a variable, or keep it as it is")
OPTION("keep-env", 0, KEEP_ENV, "GLOB", BOTH, ENVIRONMENT,
       "keep variables, secret-looking ones too")
OPTION("unset-env", 0, UNSET_ENV, "GLOB", BOTH, ENVIRONMENT,
       "take variables away")
OPTION("clear-env", 0, CLEAR_ENV, NULL, BOTH, ENVIRONMENT,
       "keep none but those named")
OPTION("pass-fd", 0, PASS_FD, "N", CLI, ENVIRONMENT,
       "let the program have descriptor N (3..) too")
OPTION("profile", 0, PROFILE, "NAME|FILE", CLI, PROFILES,
       "the rules of a file, not those of 'default'")
OPTION("no-profile", 0, NO_PROFILE, NULL, CLI, PROFILES,
       "none: only what options show is there")
OPTION("trace", 0, TRACE, "[SET]", CLI, REPORT,
       "print system calls: all, or a,b,c or !a,b,c")
OPTION("output", 'o', OUTPUT, "FILE", CLI, REPORT,
       "where --trace and --diff go, not standard error")
OPTION("stats", 0, STATS, NULL, CLI, REPORT,
       "print counts when the program has ended")
OPTION("quiet", 'q', QUIET, NULL, BOTH, REPORT,
       "no remarks of sbx's own, only errors")
OPTION("explain", 0, EXPLAIN, "[PATH]", CLI, ABOUT,
       "print what it would see, or why PATH so, and exit")
OPTION("syscalls", 0, SYSCALLS, NULL, CLI, ABOUT,
       "print which system calls there are, and exit")
OPTION("vetted", 0, VETTED, NULL, CLI, ABOUT,
       "print the host calls that the sandbox may make")
OPTION("help", 'h', HELP, NULL, CLI, ABOUT, "print this, and exit")
OPTION("version", 'V', VERSION, NULL, CLI, ABOUT,
       "print the version, and exit")
#endif
