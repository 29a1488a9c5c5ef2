/* The service control manager's side: it only ever posts to the loop, and reports what the loop confirms. */
#ifndef SEEP_SERVICE_SCM_H
#define SEEP_SERVICE_SCM_H

#define SEEP_SERVICE_NAME L"seepwatch"
#define SEEP_SERVICE_DISPLAY_NAME L"Seepwatch"

/* The verb `service`: blocks until the service has stopped. Exit code 2 when not started by the SCM. */
int seep_scm_service(int argc, char **argv);

#endif
