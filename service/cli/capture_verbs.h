/* `seepwatch captures ...`: each as a verb of its own; `first` is where its arguments begin. */
#ifndef SEEP_SERVICE_CAPTURE_VERBS_H
#define SEEP_SERVICE_CAPTURE_VERBS_H

int seep_capture_show(int first, int argc, char **argv);
int seep_capture_export(int first, int argc, char **argv);

#endif
