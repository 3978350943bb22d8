#include "base/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
enum { SIGNALS_N = sizeof(signals) / sizeof(signals[0]) };

static volatile sig_atomic_t caught;
static int event = -1;

static void on_signal(int sig)
{
	const uint64_t one = 1;
	int saved = errno;

	caught = sig;
	/* The second signal, whichever it is, ends us. */
	for (size_t i = 0; i < SIGNALS_N; i++)
		signal(signals[i], SIG_DFL);
	if (write(event, &one, sizeof(one)) < 0) {
		/* Nobody waits on it then. */
	}
	errno = saved;
}

void interrupt_install(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	if (event >= 0) /* after fork: one of our own */
		close(event);
	event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	caught = 0;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < SIGNALS_N; i++)
		sigaddset(&action.sa_mask, signals[i]);
	for (size_t i = 0; i < SIGNALS_N; i++) {
		struct sigaction old;

		/* nohup stays in force. */
		if (signals[i] == SIGHUP && !sigaction(SIGHUP, NULL, &old) &&
		    old.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &action, NULL);
	}
}

bool interrupt_pending(void)
{
	return caught;
}

int interrupt_signal(void)
{
	return caught;
}

int interrupt_fd(void)
{
	return event;
}

struct error *interrupt_error(void)
{
	return error_new(ERROR_INTERRUPTED, "interrupted");
}
