#include "loop.h"

const struct steps task_steps;
