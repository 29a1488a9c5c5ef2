/*
 * Where the service may be told to write its text file for Prometheus. It writes as LocalSystem, so the path
 * is held to what a metrics file can be: absolute, on a local drive, no device, no way around a folder, and
 * an ending that no program or configuration has. Pure: nothing is looked at on a disk.
 */
#ifndef SEEP_SETTINGS_TEXTFILE_H
#define SEEP_SETTINGS_TEXTFILE_H

/* NULL when the path may be used, "" among them; else why not: a part of a sentence without a full stop. Both
 * C:\dir\name.prom and, for other systems, /dir/name.prom are paths on every system. */
const char *seep_textfile_refusal(const char *path);

#endif
