/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.h: main of a unit test.  A test file defines its cases with check and
 * ends with
 *
 *	UNIT_MAIN("lib-string", test_copy, test_compare)
 *
 * or, where some run in loops, with a main that returns unit_run_case().
 *
 * check forks for each test, so that a crash fails one test only.
 */
#ifndef SBX_T_UNIT_H
#define SBX_T_UNIT_H

#include <check.h>
#include <stdlib.h>

#include "t/asan.h"

/* Run the tests of @tc, which goes.  What main is to return. */
static inline int unit_run_case(const char *name, TCase *tc)
{
	Suite *s = suite_create(name);
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

static inline int unit_run(const char *name, const TTest *const *tests,
			   size_t count)
{
	TCase *tc = tcase_create(name);

	for (size_t i = 0; i < count; i++)
		tcase_add_test(tc, tests[i]);
	return unit_run_case(name, tc);
}

#define UNIT_MAIN(name, ...)						\
int main(void)								\
{									\
	const TTest *const tests[] = { __VA_ARGS__ };			\
									\
	return unit_run(name, tests, sizeof(tests) / sizeof(tests[0]));	\
}

#endif
