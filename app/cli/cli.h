#pragma once

#include "core/base/result.h"
#include "core/formats/json.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <stop_token>
#include <string>

namespace attune::cli {

inline constexpr int exitFailed = 1;
inline constexpr int exitUsage = 2;
inline constexpr int exitInterrupted = 130;

/// What every verb gets.
struct Context {
    std::stop_token stop; ///< Ctrl-C
};

/// A verb's work: an error is printed as one line, and decides the exit status.
using Action = std::function<Result<int>(const Context &)>;

/// Adds a verb whose parsed options `action` works on. `action` is copied into the command; the options that it uses
/// must be held in it (a shared_ptr).
CLI::App *addVerb(CLI::App &app, const std::string &name, const std::string &help, Action action);
/// Looks at the options of a verb together, once they are parsed: a text that `check` gives is the reason of a usage
/// error.
void checkUsage(CLI::App *verb, std::function<std::string()> check);
/// The action of the command that the parsed command line named.
const Action *chosenAction();

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
