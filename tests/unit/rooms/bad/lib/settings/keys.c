/* May read JSON, may not look into the database. */
#include "base/text.h"
#include "report/human.h"
#include <cjson/cJSON.h>
#include <sqlite3.h>
