/*
 * uuid.h - UUIDv7 (RFC 9562): sorts by time, needs no coordination
 */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#define UUID_TEXT 37 /* with the NUL */

void uuid7(char text[UUID_TEXT]);

#endif
