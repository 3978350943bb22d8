# The shapes that `concur explain` and the reports show are C that compiles.
. "$SOURCE/tests/e2e/lib.sh"
cat >before.c <<'END'
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **tasks;
extern size_t tasks_n;
void item(char *task);
struct task;
struct queue;
extern struct queue work, done;
extern int wake;
int item_start(int loop, char *task);
void item_compute(struct task *t);
void queue_put(struct queue *q, struct task *t);
struct task *queue_take(struct queue *q);
END
for model in threads processes async hybrid; do
	awk -v topic="^## $model" '/^## /{on = $0 ~ topic} on && /^```/{code = !code; next} on && code' \
		"$SOURCE/docs/glossary.md" >shape.c
	[ -s shape.c ] || fail "no shape of $model"
	sed 's/UNIT/item/g' shape.c | cat before.c - >"$model.c"
	run 0 gcc -std=gnu17 -Wall -Wextra -Wno-unused-result -Wno-unused-function -Werror -fsyntax-only "$model.c"
	run 0 "$CONCUR" explain "$model"
	says out 'The shape, '
done
