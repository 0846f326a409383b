#pragma once

#include "app/cli/verb.h"
#include "core/formats/json.h"

#include <memory>
#include <string>
#include <vector>

namespace attune::cli {

inline constexpr int exitFailed = 1;
inline constexpr int exitUsage = 2;
inline constexpr int exitInterrupted = 130;

/// One JSON object a line on standard output.
void printJson(const Json &json);
void printJson(const OrderedJson &json);
/// A line on standard output.
void print(const std::string &line);

/// One per verb, each in its own file (verb_*.cpp).
void addDemo(CLI::App &app);
void addInit(CLI::App &app);
void addImport(CLI::App &app);
void addData(CLI::App &app);
void addModels(CLI::App &app);
void addTrain(CLI::App &app);
void addRuns(CLI::App &app);
void addRun(CLI::App &app);
void addGenerate(CLI::App &app);
void addCompare(CLI::App &app);
void addEval(CLI::App &app);
void addTokenize(CLI::App &app);
void addTemplate(CLI::App &app);
void addLogits(CLI::App &app);
void addQuantize(CLI::App &app);
void addBench(CLI::App &app);
void addPlan(CLI::App &app);
void addDoctor(CLI::App &app);
void addExport(CLI::App &app);

} // namespace attune::cli
