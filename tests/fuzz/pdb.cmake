seep_fuzz_target(pdb SOURCES fuzz_pdb.c LINK seep::trace)
