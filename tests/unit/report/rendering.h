/* An alert as a reader of the event log shows it: the text of service/messages.mc with its inserts put in. */
#ifndef TEST_REPORT_RENDERING_H
#define TEST_REPORT_RENDERING_H

#include <stdbool.h>

#include "report/alert.h"

/* path of messages.mc. */
bool rendering_open(const char *path);
void rendering_close(void);

/* As a reader that honours !S! does it: inserts are put in and not looked into again. Line ends become LF;
 * the last line has one. Valid until the next call; fails the test when there is no such text, or when it
 * asks for an insert that the alert does not have. */
const char *rendering_of(const seep_alert *alert);

#endif
