#pragma once

#include "core/studio/split_plan.h" // its rules are the import's too
