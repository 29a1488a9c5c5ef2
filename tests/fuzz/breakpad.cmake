seep_fuzz_target(breakpad SOURCES fuzz_breakpad.c LINK seep::trace)
