/* SPDX-License-Identifier: Apache-2.0 */
/* set-net.c: options about the network. */
#include "loader/settings.h"

int option_NET(struct settings *s, const char *arg, struct err *e)
{
	return net_mode(&s->p->net, s->name, arg, e);
}

int option_ALLOW_NET(struct settings *s, const char *arg, struct err *e)
{
	return net_allow(&s->p->net, s->name, arg, e);
}

int option_ALLOW_BIND(struct settings *s, const char *arg, struct err *e)
{
	return net_allow_bind(&s->p->net, s->name, arg, e);
}

int option_PUBLISH(struct settings *s, const char *arg, struct err *e)
{
	return net_publish(&s->p->net, s->name, arg, e);
}

int option_DNS(struct settings *s, const char *arg, struct err *e)
{
	return net_server(&s->p->net, s->name, arg, e);
}
