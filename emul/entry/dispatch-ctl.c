/* SPDX-License-Identifier: Apache-2.0 */
/* dispatch-ctl.c: what dispatch looks at, apart from the table of all calls. */
#include "emul/entry/dispatch.h"

struct dispatch_ctl dispatch_ctl __arena;
