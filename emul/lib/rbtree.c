/* SPDX-License-Identifier: Apache-2.0 */
/* rbtree.c: red-black trees. */
#include "emul/lib/rbtree.h"

void rb_update(struct rb_root *root, struct rb_node *n)
{
	if (!root->update)
		return;
	for (; n; n = n->parent)
		root->update(n);
}

/* Let @new (or nothing) take the place that @old has below its parent. */
static void replace_child(struct rb_root *root, struct rb_node *old,
			  struct rb_node *new)
{
	struct rb_node *p = old->parent;

	if (!p)
		root->node = new;
	else if (p->left == old)
		p->left = new;
	else
		p->right = new;
	if (new)
		new->parent = p;
}

/* @n goes down to the left, its right child takes its place. */
static void rotate_left(struct rb_root *root, struct rb_node *n)
{
	struct rb_node *up = n->right;

	replace_child(root, n, up);
	n->right = up->left;
	if (n->right)
		n->right->parent = n;
	up->left = n;
	n->parent = up;
	if (root->update) {
		root->update(n);
		root->update(up);
	}
}

static void rotate_right(struct rb_root *root, struct rb_node *n)
{
	struct rb_node *up = n->left;

	replace_child(root, n, up);
	n->left = up->right;
	if (n->left)
		n->left->parent = n;
	up->right = n;
	n->parent = up;
	if (root->update) {
		root->update(n);
		root->update(up);
	}
}

static bool is_red(const struct rb_node *n)
{
	return n && n->red;
}

void rb_insert(struct rb_root *root, struct rb_node *n,
	       struct rb_node *parent, struct rb_node **link)
{
	n->parent = parent;
	n->left = n->right = NULL;
	n->red = true;
	*link = n;
	rb_update(root, n);

	/* A red node must not have a red parent. */
	while (is_red(n->parent)) {
		struct rb_node *p = n->parent, *g = p->parent, *uncle;

		if (p == g->left) {
			uncle = g->right;
			if (is_red(uncle)) {
				p->red = uncle->red = false;
				g->red = true;
				n = g;
				continue;
			}
			if (n == p->right) {
				rotate_left(root, p);
				p = n;
			}
			p->red = false;
			g->red = true;
			rotate_right(root, g);
		} else {
			uncle = g->left;
			if (is_red(uncle)) {
				p->red = uncle->red = false;
				g->red = true;
				n = g;
				continue;
			}
			if (n == p->left) {
				rotate_right(root, p);
				p = n;
			}
			p->red = false;
			g->red = true;
			rotate_left(root, g);
		}
		break;
	}
	root->node->red = false;
}

/* The paths through @n (may be NULL), a child of @p, lack one black node. */
static void fix_erased(struct rb_root *root, struct rb_node *n,
		       struct rb_node *p)
{
	while (p && !is_red(n)) {
		struct rb_node *s;	/* sibling: not NULL, by the counts */

		if (n == p->left) {
			s = p->right;
			if (s->red) {
				s->red = false;
				p->red = true;
				rotate_left(root, p);
				s = p->right;
			}
			if (!is_red(s->left) && !is_red(s->right)) {
				s->red = true;
				n = p;
				p = n->parent;
				continue;
			}
			if (!is_red(s->right)) {
				s->left->red = false;
				s->red = true;
				rotate_right(root, s);
				s = p->right;
			}
			s->red = p->red;
			p->red = s->right->red = false;
			rotate_left(root, p);
		} else {
			s = p->left;
			if (s->red) {
				s->red = false;
				p->red = true;
				rotate_right(root, p);
				s = p->left;
			}
			if (!is_red(s->left) && !is_red(s->right)) {
				s->red = true;
				n = p;
				p = n->parent;
				continue;
			}
			if (!is_red(s->left)) {
				s->right->red = false;
				s->red = true;
				rotate_left(root, s);
				s = p->left;
			}
			s->red = p->red;
			p->red = s->left->red = false;
			rotate_right(root, p);
		}
		return;
	}
	if (n)
		n->red = false;
}

void rb_erase(struct rb_root *root, struct rb_node *n)
{
	struct rb_node *child, *parent;
	bool red;

	if (n->left && n->right) {
		/* The next in order takes the place and the colour of n. */
		struct rb_node *next = n->right;

		while (next->left)
			next = next->left;
		child = next->right;
		red = next->red;
		if (next->parent == n) {
			parent = next;
		} else {
			parent = next->parent;
			replace_child(root, next, child);
			next->right = n->right;
			next->right->parent = next;
		}
		next->left = n->left;
		next->left->parent = next;
		next->red = n->red;
		replace_child(root, n, next);
	} else {
		child = n->left ? n->left : n->right;
		parent = n->parent;
		red = n->red;
		replace_child(root, n, child);
	}
	rb_update(root, parent);
	if (!red)
		fix_erased(root, child, parent);
	n->parent = n->left = n->right = NULL;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *n = root->node;

	while (n && n->left)
		n = n->left;
	return n;
}

struct rb_node *rb_last(const struct rb_root *root)
{
	struct rb_node *n = root->node;

	while (n && n->right)
		n = n->right;
	return n;
}

struct rb_node *rb_next(const struct rb_node *n)
{
	if (n->right) {
		struct rb_node *r = n->right;

		while (r->left)
			r = r->left;
		return r;
	}
	while (n->parent && n == n->parent->right)
		n = n->parent;
	return n->parent;
}

struct rb_node *rb_prev(const struct rb_node *n)
{
	if (n->left) {
		struct rb_node *l = n->left;

		while (l->right)
			l = l->right;
		return l;
	}
	while (n->parent && n == n->parent->left)
		n = n->parent;
	return n->parent;
}
