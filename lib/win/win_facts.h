/* What Windows tells about this server to `seepwatch doctor`. Looks and changes nothing, with whatever rights
 * the caller has. */
#ifndef SEEP_WIN_WIN_FACTS_H
#define SEEP_WIN_WIN_FACTS_H

#include "observe/doctor_facts.h"

/* Fills what Windows alone can tell: diagnosis, event log, detector log, service, source, recorder,
 * privileges, account, data folder, commit. Each stands for itself: one that cannot be asked stays unknown.
 * The rest of *facts (free disk, database, settings) is left as it is. service_name is the event source's
 * name too; data_folder is UTF-8 and may be relative. */
void seep_win_facts_read(const char *service_name, const char *data_folder, seep_doctor_facts *facts);

/* The part about the event logs, with functions bound already, so that tests can take a stand-in's. */
struct seep_win_late_wevtapi;
void seep_win_facts_read_logs(const struct seep_win_late_wevtapi *api, seep_doctor_facts *facts);

#endif
