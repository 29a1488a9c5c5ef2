seep_fuzz_target(replay_csv SOURCES fuzz_replay_csv.c LINK seep::observe)
