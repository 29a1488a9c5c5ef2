seep_fuzz_target(thread_list SOURCES fuzz_thread_list.c LINK seep::memory)
