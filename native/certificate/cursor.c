#include "thresign/cursor.h"

#include <string.h>

static const uint8_t ZEROS[256];

void ts_reader_start(ts_reader *reader, const uint8_t *data, size_t length) {
  reader->at = data != NULL ? data : ZEROS;
  reader->end = reader->at + (data != NULL ? length : 0);
  reader->failed = false;
}

bool ts_reader_done(const ts_reader *reader) { return !reader->failed && reader->at == reader->end; }

void ts_reader_fail(ts_reader *reader) {
  reader->failed = true;
  reader->at = reader->end;
}

static const uint8_t *take(ts_reader *reader, size_t length) {
  if (reader->failed || length > (size_t)(reader->end - reader->at)) {
    ts_reader_fail(reader);
    return NULL;
  }
  const uint8_t *data = reader->at;
  reader->at += length;
  return data;
}

uint64_t ts_read_uint(ts_reader *reader, size_t bytes) {
  const uint8_t *data = take(reader, bytes);
  uint64_t value = 0;
  if (data == NULL) return 0;
  for (size_t i = 0; i < bytes; i++) value = value << 8 | data[i];
  return value;
}

const uint8_t *ts_read_fixed(ts_reader *reader, size_t length) {
  const uint8_t *data = take(reader, length);
  return data != NULL ? data : ZEROS;
}

ts_bytes ts_read_var(ts_reader *reader, size_t length_max) {
  ts_bytes bytes = {ZEROS, 0};
  uint64_t length = ts_read_uint(reader, 4);
  if (length > length_max) {
    ts_reader_fail(reader);
    return bytes;
  }
  const uint8_t *data = take(reader, (size_t)length);
  if (data != NULL) {
    bytes.data = data;
    bytes.length = (size_t)length;
  }
  return bytes;
}

ts_bytes ts_read_text(ts_reader *reader, size_t length_max) {
  ts_bytes text = ts_read_var(reader, length_max);
  for (size_t i = 0; i < text.length; i++)
    if (text.data[i] < 0x20 || text.data[i] > 0x7e) ts_reader_fail(reader);
  return text;
}

size_t ts_read_count(ts_reader *reader, size_t count_max) {
  uint64_t count = ts_read_uint(reader, 4);
  if (count > count_max) {
    ts_reader_fail(reader);
    return 0;
  }
  return (size_t)count;
}

void ts_read_tag(ts_reader *reader, const char *tag) {
  if (memcmp(ts_read_fixed(reader, 8), tag, 8) != 0) ts_reader_fail(reader);
}

void ts_writer_start(ts_writer *writer, uint8_t *data, size_t capacity) {
  writer->at = data;
  writer->end = data + capacity;
  writer->failed = false;
}

void ts_write_fixed(ts_writer *writer, const uint8_t *data, size_t length) {
  if (writer->failed || length > (size_t)(writer->end - writer->at)) {
    writer->failed = true;
    return;
  }
  if (length > 0) memcpy(writer->at, data, length);
  writer->at += length;
}

void ts_write_uint(ts_writer *writer, uint64_t value, size_t bytes) {
  uint8_t data[8];
  for (size_t i = 0; i < bytes; i++) data[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
  ts_write_fixed(writer, data, bytes);
}

void ts_write_var(ts_writer *writer, const uint8_t *data, size_t length) {
  ts_write_uint(writer, length, 4);
  ts_write_fixed(writer, data, length);
}

void ts_write_tag(ts_writer *writer, const char *tag) { ts_write_fixed(writer, (const uint8_t *)tag, 8); }
