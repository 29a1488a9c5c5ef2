/* Names in an answer: a frame's, the culprit's. Bytes as they stand in the trace and in symbol files. */
#include <inttypes.h>

#include "base/text.h"
#include "trace/answer.h"

#define NO_NAME "(unnamed module)"

const char *seep_answer_bucket_text(seep_answer_bucket bucket)
{
  switch (bucket) {
  case SEEP_BUCKET_MANAGED:
    return "managed/JIT";
  case SEEP_BUCKET_UNKNOWN:
    return "unknown";
  case SEEP_BUCKET_RUNTIME:
    return "runtime only";
  case SEEP_BUCKET_KERNEL:
    return "kernel only";
  default:
    return "no stack";
  }
}

static const char *module_name(const seep_answer *answer, uint32_t module)
{
  const char *name = answer->modules[module].name;
  return name[0] != '\0' ? name : NO_NAME;
}

static void write_place(const seep_answer *answer, const seep_answer_frame *frame, seep_writer *out)
{
  seep_writer_text(out, module_name(answer, frame->placed.module));
  if (frame->symbol == NULL) {
    seep_writer_format(out, "+0x%" PRIx64, frame->placed.offset);
    return;
  }
  seep_writer_text(out, frame->is_guess ? "!~" : "!");
  seep_writer_text(out, frame->symbol);
  if (frame->symbol_offset != 0 || frame->is_guess) {
    seep_writer_format(out, "+0x%" PRIx64, frame->symbol_offset);
  }
}

const char *seep_answer_frame_text(const seep_answer *answer, const seep_answer_frame *frame, char *out,
                                   size_t out_size)
{
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  if (frame->placed.module < answer->module_count) {
    write_place(answer, frame, &writer);
  } else if (frame->placed.place == SEEP_FRAME_KERNEL) {
    seep_writer_text(&writer, "(kernel)");
  } else if (frame->placed.place == SEEP_FRAME_MANAGED) {
    seep_writer_text(&writer, seep_answer_bucket_text(SEEP_BUCKET_MANAGED));
  } else {
    seep_writer_format(&writer, "unknown 0x%" PRIx64, frame->placed.address);
  }
  return out;
}

const char *seep_answer_culprit_name(const seep_answer *answer)
{
  const seep_answer_culprit *culprit = &answer->culprit;
  if (culprit->certainty == SEEP_ANSWER_NOTHING) {
    return "none";
  }
  return culprit->module < answer->module_count ? module_name(answer, culprit->module)
                                                : seep_answer_bucket_text(culprit->bucket);
}
