#include "base/uuid.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"

enum { COUNTER_BITS = 12 };

static uint64_t random64(void)
{
	uint64_t bits;

	while (getrandom(&bits, sizeof(bits), 0) != sizeof(bits)) {
		if (errno != EINTR)
			abort();
	}
	return bits;
}

/*
 * Milliseconds, and below them a counter in the 12 bits of rand_a (RFC 9562, 6.2, method 1). It
 * starts in its lower half, so that it has room, and a full one borrows from the next millisecond:
 * a process never goes back, whatever the clock does.
 */
static uint64_t next_tick(uint64_t seed)
{
	static uint64_t last;
	uint64_t now = (uint64_t)clock_unix_ns() / 1000000;
	uint64_t tick = now << COUNTER_BITS | (seed & 0x7ff);

	last = now > last >> COUNTER_BITS ? tick : last + 1;
	return last;
}

void uuid7(char text[UUID_TEXT])
{
	uint64_t low = random64();
	uint64_t tick = next_tick(random64());
	uint64_t ms = tick >> COUNTER_BITS & 0xffffffffffff;

	snprintf(text, UUID_TEXT,
		 "%08" PRIx64 "-%04" PRIx64 "-7%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64, ms >> 16,
		 ms & 0xffff, tick & 0xfff, 0x8000 | (low >> 48 & 0x3fff), low & 0xffffffffffff);
}
