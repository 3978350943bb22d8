/*
 * digest - read a set of records from a service and say what is in it
 *
 *	digest http://HOST:PORT/records/SET
 *
 * Asks for one record after another, compares each with the one before it (edit distance), counts
 * its words and letters, and prints a summary.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_RECORD 2048

static char host[64];
static int port;
static char set[256];

static long words, letters[26], bytes;
static long repeated; /* records that are close to the one before them */
static long distance_sum;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "digest: %s: %s\n", what, why);
	exit(1);
}

static int open_service(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd;

	if (inet_pton(AF_INET, host, &addr.sin_addr) != 1)
		die(host, "not an IPv4 address");
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		die(host, strerror(errno));
	return fd;
}

/* One request, one answer; the body is left in `out`, which holds MAX_RECORD bytes. */
static int request(int fd, const char *path, char *out)
{
	char buf[MAX_RECORD + 512], *body, *header;
	int len, status, used = 0;
	int n = snprintf(buf, sizeof(buf), "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, host);

	if (write(fd, buf, n) != n)
		die("write", strerror(errno));
	do {
		n = read(fd, buf + used, sizeof(buf) - 1 - used);
		if (n <= 0)
			die("read", n < 0 ? strerror(errno) : "the service closed the connection");
		used += n;
		buf[used] = '\0';
		body = strstr(buf, "\r\n\r\n");
		if (!body)
			continue;
		header = strstr(buf, "Content-Length: ");
		if (sscanf(buf, "HTTP/1.1 %d", &status) != 1 || status != 200 || !header)
			die(path, "the service has no such thing");
		len = atoi(header + 16);
		if (len < 0 || len >= MAX_RECORD)
			die(path, "the record is too long");
	} while (!body || used < body + 4 + len - buf);
	memcpy(out, body + 4, len);
	out[len] = '\0';
	return len;
}

/* Levenshtein's distance, with one row of the matrix. */
static int edit_distance(const char *a, int a_len, const char *b, int b_len)
{
	static int row[MAX_RECORD + 1];

	for (int j = 0; j <= b_len; j++)
		row[j] = j;
	for (int i = 1; i <= a_len; i++) {
		int corner = row[0];

		row[0] = i;
		for (int j = 1; j <= b_len; j++) {
			int best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b_len];
}

static void count(const char *record)
{
	int in_word = 0;

	for (const char *p = record; *p; p++) {
		bytes++;
		if (isalpha((unsigned char)*p)) {
			letters[tolower((unsigned char)*p) - 'a']++;
			words += !in_word;
			in_word = 1;
		} else {
			in_word = 0;
		}
	}
}

static void print_summary(int records)
{
	printf("%s: %d records, %ld bytes, %ld words, %ld repeated, mean distance %ld\n", set,
	       records, bytes, words, repeated, records > 1 ? distance_sum / (records - 1) : 0);
	for (int i = 0; i < 26; i++)
		printf("%c %ld%c", 'a' + i, letters[i], i % 9 == 8 || i == 25 ? '\n' : '\t');
}

int main(int argc, char **argv)
{
	char path[300], record[MAX_RECORD], last[MAX_RECORD];
	int fd, records, last_len = 0;

	if (argc != 2 || sscanf(argv[1], "http://%63[^:]:%d%255s", host, &port, set) != 3) {
		fprintf(stderr, "usage: digest http://ADDRESS:PORT/records/SET\n");
		return 2;
	}
	fd = open_service();
	request(fd, set, record);
	records = atoi(record);
	for (int i = 0; i < records; i++) {
		int len;

		snprintf(path, sizeof(path), "%s/%d", set, i);
		len = request(fd, path, record);
		count(record);
		if (i > 0) {
			int distance = edit_distance(last, last_len, record, len);

			distance_sum += distance;
			repeated += distance < len / 8;
		}
		memcpy(last, record, len + 1);
		last_len = len;
	}
	close(fd);
	print_summary(records);
	return 0;
}
