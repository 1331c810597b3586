/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h: the one table of sbx's options.
 *
 *	OPTION(name, letter, ID, argument, group, help)
 *
 * argument: NULL for none; in brackets when it may be left out.  getopt_long's
 * array and --help are made from it, and t/t8000-cli-errors.sh looks for each in
 * sbx(1).
 */
#ifdef OPTION
OPTION("ro", 0, RO, "PATH[:DEST]", FILES,
       "show PATH of the host (as DEST), read-only")
OPTION("rw", 0, RW, "PATH[:DEST]", FILES,
       "show it and let the program change it")
OPTION("overlay", 0, OVERLAY, "PATH[:DEST]", FILES,
       "show it; changes are kept in memory and lost")
OPTION("tmpfs", 0, TMPFS, "PATH[:size=N]", FILES,
       "an empty directory in memory, of N[KMGT] bytes")
OPTION("hide", 0, HIDE, "PATH", FILES,
       "as if PATH were not there")
OPTION("workdir", 'w', WORKDIR, "DIR", FILES,
       "start the program in DIR")
OPTION("env", 'e', ENV, "NAME[=VALUE]", ENVIRONMENT,
       "set a variable, or keep it as it is")
OPTION("keep-env", 0, KEEP_ENV, "GLOB", ENVIRONMENT,
       "keep variables, secret-looking ones too")
OPTION("unset-env", 0, UNSET_ENV, "GLOB", ENVIRONMENT,
       "take variables away")
OPTION("clear-env", 0, CLEAR_ENV, NULL, ENVIRONMENT,
       "keep none but those named")
OPTION("pass-fd", 0, PASS_FD, "N", ENVIRONMENT,
       "let the program have descriptor N (3..) too")
OPTION("trace", 0, TRACE, "[SET]", REPORT,
       "print system calls: all, or a,b,c or !a,b,c")
OPTION("output", 'o', OUTPUT, "FILE", REPORT,
       "where --trace goes, not standard error")
OPTION("stats", 0, STATS, NULL, REPORT,
       "print counts when the program has ended")
OPTION("quiet", 'q', QUIET, NULL, REPORT,
       "no remarks of sbx's own, only errors")
OPTION("explain", 0, EXPLAIN, NULL, ABOUT,
       "print what the program would see, and exit")
OPTION("syscalls", 0, SYSCALLS, NULL, ABOUT,
       "print which system calls there are, and exit")
OPTION("vetted", 0, VETTED, NULL, ABOUT,
       "print the host calls that the sandbox may make")
OPTION("help", 'h', HELP, NULL, ABOUT, "print this, and exit")
OPTION("version", 'V', VERSION, NULL, ABOUT, "print the version, and exit")
#endif
