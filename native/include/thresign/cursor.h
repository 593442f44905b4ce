/* Reading and writing the canonical encoding (docs/spec/wire.md) without ever leaving the buffer.
 *
 * A reader that has failed stays failed and yields zeros, so a parser may read all its fields and ask once. The bytes it
 * hands out point into the input.
 */
#ifndef THRESIGN_CURSOR_H
#define THRESIGN_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ts_reader {
  const uint8_t *at;
  const uint8_t *end;
  bool failed;
} ts_reader;

typedef struct ts_bytes {
  const uint8_t *data;
  size_t length;
} ts_bytes;

void ts_reader_start(ts_reader *reader, const uint8_t *data, size_t length);
/* True if everything was read, nothing is left over and nothing failed. */
bool ts_reader_done(const ts_reader *reader);
void ts_reader_fail(ts_reader *reader);
uint64_t ts_read_uint(ts_reader *reader, size_t bytes); /* big-endian, bytes <= 8 */
/* Points at `length` bytes; at a static block of zeros (256 bytes) once failed. length <= 256. */
const uint8_t *ts_read_fixed(ts_reader *reader, size_t length);
ts_bytes ts_read_var(ts_reader *reader, size_t length_max);
ts_bytes ts_read_text(ts_reader *reader, size_t length_max); /* printable ASCII */
size_t ts_read_count(ts_reader *reader, size_t count_max);
void ts_read_tag(ts_reader *reader, const char *tag); /* 8 characters */

typedef struct ts_writer {
  uint8_t *at;
  uint8_t *end;
  bool failed;
} ts_writer;

void ts_writer_start(ts_writer *writer, uint8_t *data, size_t capacity);
void ts_write_uint(ts_writer *writer, uint64_t value, size_t bytes);
void ts_write_fixed(ts_writer *writer, const uint8_t *data, size_t length);
void ts_write_var(ts_writer *writer, const uint8_t *data, size_t length);
void ts_write_tag(ts_writer *writer, const char *tag);

#endif
