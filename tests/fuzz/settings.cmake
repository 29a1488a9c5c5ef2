seep_fuzz_target(settings SOURCES fuzz_settings.c LINK seep::settings)
