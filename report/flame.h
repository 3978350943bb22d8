/*
 * flame.h - stacks as a tree, outermost call first (private to report/)
 *
 * What is too narrow to be seen is folded into one "(small)" node a level, so that a page stays
 * small however many stacks there are: at most FLAME_NODES nodes. Time is never lost: a node's ns
 * is that of its stacks. Names are borrowed from the profiles, which must live longer than the tree.
 */
#ifndef REPORT_FLAME_H
#define REPORT_FLAME_H

#include "base/strbuf.h"
#include "model/profile.h"

#define FLAME_NODES 5000

struct flame {
	const char *name;
	int kind; /* a wait kind, or FLAME_CPU: of most of its time */
	uint64_t ns;
	uint64_t before_ns; /* of the run it is compared with */
	struct flame_children {
		VEC_FIELDS(struct flame); /* most time first */
	} children;
};

#define FLAME_CPU WAIT_KIND_COUNT

/* The stacks on the CPU, or off it. `before` may be NULL. False: there are none. */
bool flame_build(const struct profile *profile, const struct profile *before, bool on_cpu,
		 struct flame *ret);
void flame_clear(struct flame *f);

/* {"n": name, "v": ns, "k": kind, "c": [...]}, and "d": ns more than before, if `compared`. */
void flame_json(const struct flame *f, bool compared, struct strbuf *out);
/* A drawing that needs no script. */
void flame_svg(const struct flame *f, bool compared, const char *title, struct strbuf *out);

/* The frames that are the program's: what comes before main or a thread's function is not. */
size_t flame_frames(const struct stack *stack);

#endif
