/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rbtree.h: red-black trees whose nodes lie inside the objects.
 *
 * The caller walks down by its own key and links the new node as a leaf;
 * rb_insert() balances.  A tree may be augmented: @update recomputes what a
 * node says of its subtree from its own data and that of its children, and
 * is called for each node whose subtree changed, children before parents.
 * No locks: the caller's lock protects the whole tree.
 */
#ifndef SBX_LIB_RBTREE_H
#define SBX_LIB_RBTREE_H

#include "emul/lib/types.h"

struct rb_node {
	struct rb_node *parent, *left, *right;
	bool red;
};

struct rb_root {
	struct rb_node *node;
	void (*update)(struct rb_node *n);	/* NULL: not augmented */
};

#define rb_entry(p, type, field)	container_of(p, type, field)

static inline void rb_init(struct rb_root *root,
			   void (*update)(struct rb_node *n))
{
	root->node = NULL;
	root->update = update;
}

/*
 * Put @n into the tree below @parent at *@link, which is &root->node (with a
 * NULL parent) or a NULL child of @parent.
 */
void rb_insert(struct rb_root *root, struct rb_node *n,
	       struct rb_node *parent, struct rb_node **link);
/* Take @n, which is in the tree, out of it. */
void rb_erase(struct rb_root *root, struct rb_node *n);
/* The own data of @n changed, its place did not: update it and its parents. */
void rb_update(struct rb_root *root, struct rb_node *n);

/* In order; NULL where there is none. */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *n);
struct rb_node *rb_prev(const struct rb_node *n);

#endif
