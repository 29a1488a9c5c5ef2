seep_fuzz_target(minidump SOURCES fuzz_minidump.c LINK seep::memory)
