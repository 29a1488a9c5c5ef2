seep_fuzz_target(version1_block SOURCES fuzz_version1_block.c LINK seep::store)
