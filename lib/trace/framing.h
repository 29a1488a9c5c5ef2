/*
 * How records lie in a buffer: a dozen forms of headers, told apart by a marker in their first four bytes
 * (reference: etl-format, 1.3). Everything that looks at each record of a file goes through the few lines
 * here, hence inline. They never believe a size, never read past what is left and never search for the next
 * record. Private to this room.
 */
#ifndef SEEP_TRACE_FRAMING_H
#define SEEP_TRACE_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/container.h"

typedef enum seep_trace__framing {
  SEEP_TRACE__RECORD,
  SEEP_TRACE__END, /* of what is in the buffer */
  SEEP_TRACE__BROKEN
} seep_trace__framing;

/* Type bytes of markers. Of each pair the one for 32-bit payloads comes first. */
enum {
  SEEP_TRACE__TYPE_SYSTEM32 = 1,
  SEEP_TRACE__TYPE_SYSTEM64 = 2,
  SEEP_TRACE__TYPE_COMPACT32 = 3,
  SEEP_TRACE__TYPE_COMPACT64 = 4,
  SEEP_TRACE__TYPE_FULL32 = 10,
  SEEP_TRACE__TYPE_INSTANCE32 = 11,
  SEEP_TRACE__TYPE_TIMED = 12,
  SEEP_TRACE__TYPE_ERROR = 13,
  SEEP_TRACE__TYPE_WNODE = 14,
  SEEP_TRACE__TYPE_MESSAGE = 15,
  SEEP_TRACE__TYPE_PERFINFO32 = 16,
  SEEP_TRACE__TYPE_PERFINFO64 = 17,
  SEEP_TRACE__TYPE_EVENT32 = 18,
  SEEP_TRACE__TYPE_EVENT64 = 19,
  SEEP_TRACE__TYPE_FULL64 = 20,
  SEEP_TRACE__TYPE_INSTANCE64 = 21
};

typedef enum seep_trace__kind {
  SEEP_TRACE__OTHER = 0, /* without a time: skipped by size */
  SEEP_TRACE__KERNEL,    /* SYSTEM, COMPACT */
  SEEP_TRACE__PERFINFO,
  SEEP_TRACE__CLASSIC, /* FULL, INSTANCE */
  SEEP_TRACE__EVENT
} seep_trace__kind;

typedef struct seep_trace__form {
  uint8_t header_bytes; /* 0: there is no such form */
  uint8_t size_at, ticks_at, pointer_bytes;
  uint32_t kind; /* so wide that an entry has eight bytes and is found by a shift */
} seep_trace__form;

/* By the marker's type byte. */
extern const seep_trace__form seep_trace__forms[256];
extern const seep_trace__form seep_trace__message;

enum {
  SEEP_TRACE__LEAST_RECORD = 8, /* no form is smaller */
  SEEP_TRACE__ALIGNMENT = 8,
  SEEP_TRACE__THREAD_AT = 8, /* of all forms with a time but PERFINFO */
  SEEP_TRACE__PROCESS_AT = 12
};
#define SEEP_TRACE__FILLER UINT32_C(0xFFFFFFFF)
#define SEEP_TRACE__NOBODY UINT32_MAX

typedef struct seep_trace__framed {
  const seep_trace__form *form;
  uint64_t start; /* its first eight bytes */
  size_t bytes;
} seep_trace__framed;

static inline uint32_t seep_trace__u32(const uint8_t *at)
{
  return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t seep_trace__u64(const uint8_t *at)
{
  return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
         (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
}

/* left: bytes of the buffer from here on; of them only the first LEAST_RECORD need to be there. */
static inline seep_trace__framing seep_trace__frame(const uint8_t *data, size_t left,
                                                    seep_trace__framed *framed)
{
  if (left < SEEP_TRACE__LEAST_RECORD) {
    return left < 4 || seep_trace__u32(data) == SEEP_TRACE__FILLER ? SEEP_TRACE__END : SEEP_TRACE__BROKEN;
  }
  uint64_t start = seep_trace__u64(data);
  uint32_t marker = (uint32_t)start;
  const seep_trace__form *form = &seep_trace__forms[(marker >> 16) & 0xFFu];
  if ((marker & 0xC0000000u) != 0xC0000000u) {
    /* 9 is a message of the tracing preprocessor, B one with a short time: both say no more than a size. */
    if ((marker & 0xD0000000u) != 0x90000000u) {
      return SEEP_TRACE__BROKEN;
    }
    form = &seep_trace__message;
  } else if (marker == SEEP_TRACE__FILLER) {
    return SEEP_TRACE__END;
  }
  framed->form = form;
  framed->start = start;
  /* Each with its own way out: the next record's place then waits for the size alone and not for the table.
   */
  if (form->size_at == 4) {
    framed->bytes = (size_t)(start >> 32 & 0xFFFFu);
    return framed->bytes >= form->header_bytes && framed->bytes <= left ? SEEP_TRACE__RECORD
                                                                        : SEEP_TRACE__BROKEN;
  }
  framed->bytes = (size_t)(start & 0xFFFFu);
  return form->header_bytes != 0 && framed->bytes >= form->header_bytes && framed->bytes <= left
             ? SEEP_TRACE__RECORD
             : SEEP_TRACE__BROKEN;
}

/* From one record to the next. The aligned end of the last one may lie beyond the buffer's valid part (seen
 * in Windows 7 files). */
static inline size_t seep_trace__step(const seep_trace__framed *framed)
{
  return (framed->bytes + SEEP_TRACE__ALIGNMENT - 1) & ~(size_t)(SEEP_TRACE__ALIGNMENT - 1);
}

static inline bool seep_trace__is_kernel(const seep_trace__framed *framed)
{
  return framed->form->kind == SEEP_TRACE__KERNEL || framed->form->kind == SEEP_TRACE__PERFINFO;
}

static inline bool seep_trace__has_time(const seep_trace__framed *framed)
{
  return framed->form->kind != SEEP_TRACE__OTHER;
}

/* Of one with a time. */
static inline uint64_t seep_trace__ticks(const uint8_t *data, const seep_trace__framed *framed)
{
  return seep_trace__u64(data + framed->form->ticks_at);
}

/* Of a kernel record. */
static inline uint16_t seep_trace__hook(const seep_trace__framed *framed)
{
  return (uint16_t)(framed->start >> 48);
}

/* Bit 15 of a PERFINFO record's first word announces the index of a precise sample, bits 8 to 10 how many
 * hardware counters follow. */
static inline size_t seep_trace__perfinfo_words(const seep_trace__framed *framed)
{
  return (framed->start >> 15 & 1u) + (framed->start >> 8 & 7u);
}

/* Where the payload of an EVENT begins, behind its extended items; 0 when an item does not fit. */
size_t seep_trace__event_payload(const uint8_t *data, size_t record_bytes);

/* Where a framed record's payload begins; 0 when its inside does not fit its size. */
static inline size_t seep_trace__payload_at(const uint8_t *data, const seep_trace__framed *framed)
{
  size_t at = framed->form->header_bytes;
  if (framed->form->kind == SEEP_TRACE__PERFINFO) {
    at += 8u * seep_trace__perfinfo_words(framed);
    return at <= framed->bytes ? at : 0;
  }
  if (framed->form->kind == SEEP_TRACE__EVENT && (data[4] & 1u) != 0) {
    return seep_trace__event_payload(data, framed->bytes);
  }
  return at; /* which frame has checked */
}

/* All that a record says of itself, and the processor of its buffer; false: payload_at would be 0. */
bool seep_trace__decode_other(const uint8_t *data, const seep_trace__framed *framed, uint16_t processor,
                              seep_trace_record *record);

/* The same; what nearly all records of a large trace are needs no call. */
static inline bool seep_trace__decode(const uint8_t *data, const seep_trace__framed *framed,
                                      uint16_t processor, seep_trace_record *record)
{
  const seep_trace__form *form = framed->form;
  size_t payload_at = form->header_bytes;
  if (!seep_trace__is_kernel(framed)) {
    return seep_trace__decode_other(data, framed, processor, record);
  }
  *record = (seep_trace_record){.header_type = (uint8_t)(framed->start >> 16 & 0xFFu),
                                .is_kernel = true,
                                .hook_id = seep_trace__hook(framed),
                                .version = (uint8_t)(framed->start & 0xFFu),
                                .pointer_bytes = form->pointer_bytes,
                                .processor = processor,
                                .pid = SEEP_TRACE__NOBODY,
                                .tid = SEEP_TRACE__NOBODY};
  if (form->kind == SEEP_TRACE__KERNEL) { /* the thread stands before the process */
    record->tid = seep_trace__u32(data + SEEP_TRACE__THREAD_AT);
    record->pid = seep_trace__u32(data + SEEP_TRACE__PROCESS_AT);
    record->ticks = seep_trace__u64(data + 16);
  } else {
    payload_at += 8u * seep_trace__perfinfo_words(framed);
    record->ticks = seep_trace__u64(data + 8);
  }
  if (payload_at > framed->bytes) {
    return false;
  }
  record->payload = data + payload_at;
  record->payload_bytes = framed->bytes - payload_at;
  return true;
}

#endif
