seep_fuzz_target(snapshot SOURCES fuzz_snapshot.c LINK seep::observe)
