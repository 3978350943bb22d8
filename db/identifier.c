#include "db/identifier.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

int identifier_range(const char *prefix, uint8_t low[BLOB_SIZE], uint8_t high[BLOB_SIZE])
{
	int digits = 0;

	memset(low, 0x00, BLOB_SIZE);
	memset(high, 0xff, BLOB_SIZE);
	for (const char *p = prefix; *p; p++) {
		int value, shift = digits % 2 ? 0 : 4;

		if (*p == '-')
			continue;
		if (!isxdigit((unsigned char)*p) || digits == 2 * BLOB_SIZE)
			return 0;
		value = isdigit((unsigned char)*p) ? *p - '0'
						   : tolower((unsigned char)*p) - 'a' + 10;
		low[digits / 2] |= (uint8_t)(value << shift);
		high[digits / 2] &= (uint8_t) ~((15 - value) << shift);
		digits++;
	}
	return digits;
}

void identifier_text(const uint8_t id[BLOB_SIZE], char ret[UUID_TEXT])
{
	char *p = ret;

	for (int i = 0; i < BLOB_SIZE; i++)
		p += sprintf(p, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", id[i]);
}
