/* What finished recordings show: told, and kept. The trace itself is read elsewhere (watchdog_analysis.c). */
#include "watch/engine_internal.h"

#include "base/text.h"
#include "watch/recording_notices.h"

/* The case that the recording was made for, while it is open: it knows which kind of memory leaks. */
static const seep_engine_case *case_of(const seep_engine *engine, const seep_store_capture *capture)
{
  for (const seep_engine_case *open = engine->cases; open != NULL; open = open->next) {
    /* The image too: in a store that has taken the place of a damaged one the id may be somebody else's. */
    if (capture->leak_id != 0 && open->leak.id == capture->leak_id &&
        seep_text_equal_ignoring_case(open->leak.image, capture->image)) {
      return open;
    }
  }
  return NULL;
}

void seep_engine_answered(seep_engine *engine, seep_now now, const seep_store_capture *capture,
                          const seep_store_answer *answer)
{
  const seep_engine_case *open = case_of(engine, capture);
  seep_store_answer made = *answer;
  made.made = now.wall;
  seep_command command = {.kind = SEEP_COMMAND_ANSWER_KEEP};
  command.as.answer = &made;
  if (made.capture_id != 0) {
    seep_engine__emit(engine, &command);
  }
  seep_recording_notices_answer(&engine->alert, capture, &made, open != NULL ? open->leak.kind : NULL,
                                open != NULL ? open->kind.confidence : 0.0);
  seep_engine__emit_alert(engine);
}
