#include "fake_registry.h"

#include <string.h>

#include "base/text.h"

static fake_registry_key *find(fake_registry *registry, const char *image)
{
  for (size_t i = 0; i < registry->count; i++) {
    if (seep_text_equal_ignoring_case(registry->keys[i].image, image)) {
      return &registry->keys[i];
    }
  }
  return NULL;
}

static fake_registry_key *make(fake_registry *registry, const char *image)
{
  fake_registry_key *key = find(registry, image);
  if (key == NULL && registry->count < FAKE_REGISTRY_KEYS) {
    key = &registry->keys[registry->count++];
    memset(key, 0, sizeof *key);
    seep_text_copy(key->image, sizeof key->image, image);
    key->state.key_exists = true;
  }
  return key;
}

seep_tracing_flag_state fake_registry_get(const fake_registry *registry, const char *image)
{
  for (size_t i = 0; i < registry->count; i++) {
    if (seep_text_equal_ignoring_case(registry->keys[i].image, image)) {
      return registry->keys[i].state;
    }
  }
  return (seep_tracing_flag_state){0};
}

void fake_registry_put(fake_registry *registry, const char *image, seep_tracing_flag_form form,
                       uint32_t number, bool more)
{
  fake_registry_key *key = make(registry, image);
  key->state.form = form;
  key->state.number = number;
  key->state.has_more = more;
}

static seep_status read_flag(void *context, const char *image, seep_tracing_flag_state *state,
                             seep_error *error)
{
  fake_registry *registry = context;
  if (fake_fault_fires(&registry->fault)) {
    return seep_error_set(error, SEEP_DENIED, SEEP_DOMAIN_WIN32, 5, "fake read", image);
  }
  *state = fake_registry_get(registry, image);
  return SEEP_OK;
}

static void forget_key(fake_registry *registry, fake_registry_key *key)
{
  *key = registry->keys[--registry->count];
}

static seep_status edit_flag(void *context, const char *image, seep_tracing_flag_edit edit, uint32_t number,
                             seep_error *error)
{
  fake_registry *registry = context;
  if (fake_fault_fires(&registry->fault)) {
    return seep_error_set(error, SEEP_DENIED, SEEP_DOMAIN_WIN32, 5, "fake edit", image);
  }
  fake_registry_key *key = edit == SEEP_TRACING_FLAG_WRITE ? make(registry, image) : find(registry, image);
  registry->edits++;
  if (key == NULL) {
    return SEEP_OK;
  }
  key->state.form = edit == SEEP_TRACING_FLAG_WRITE ? SEEP_TRACING_FLAG_NUMBER : SEEP_TRACING_FLAG_ABSENT;
  key->state.number = edit == SEEP_TRACING_FLAG_WRITE ? number : 0;
  if (edit == SEEP_TRACING_FLAG_DELETE_KEY && !key->state.has_more) {
    forget_key(registry, key);
  }
  return SEEP_OK;
}

static seep_status role_of(void *context, seep_process_key key, seep_port_process_role *role,
                           seep_error *error)
{
  fake_registry *registry = context;
  (void)key;
  (void)error;
  *role = registry->role;
  return registry->role_answer;
}

void fake_registry_init(fake_registry *registry)
{
  memset(registry, 0, sizeof *registry);
}

seep_tracing_flags fake_registry_port(fake_registry *registry)
{
  return (seep_tracing_flags){.context = registry, .read = read_flag, .edit = edit_flag, .role = role_of};
}
