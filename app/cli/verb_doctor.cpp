#include "app/cli/cli.h"
#include "app/cli/text.h"
#include "core/studio/doctor.h"
#include "core/studio/run_plan.h"

namespace attune::cli {
namespace {

std::string joined(const std::vector<std::string> &words, const char *between)
{
    std::string text;
    for (const std::string &word : words)
        text += (text.empty() ? "" : between) + word;
    return text;
}

/// "Processor   AMD EPYC"; without a heading, a line that goes on.
void line(const std::string &heading, const std::string &text)
{
    print(heading + std::string(std::max<std::size_t>(12, heading.size() + 1) - heading.size(), ' ') + text);
}

const char *kindName(DoctorNote::Kind kind)
{
    switch (kind) {
    case DoctorNote::Kind::Information:
        return "information";
    case DoctorNote::Kind::Missing:
        return "missing";
    case DoctorNote::Kind::Wrong:
        break;
    }
    return "wrong";
}

OrderedJson reportJson(const DoctorReport &r)
{
    OrderedJson json = {{"version", r.version}, {"system", r.system}, {"kernel", r.kernel}};
    json["processor"] = {
        {"name", r.processor.name}, {"cores", r.processor.cores}, {"features", r.processor.features}};
    if (r.processor.quota)
        json["processor"]["quota_cores"] = *r.processor.quota;
    json["kernels"] = {{"level", r.level}, {"levels", r.levels}, {"aten", r.atenLevel}, {"threads", r.threads}};
    json["memory"] = {{"total_bytes", r.memory.total},
                      {"available_bytes", r.memory.available},
                      {"installed_bytes", r.memory.installed}};
    json["disk"] = OrderedJson::object();
    if (r.cacheFree)
        json["disk"]["cache_free_bytes"] = *r.cacheFree;
    json["disk"]["kept_weights_bytes"] = r.weights.bytes;
    json["disk"]["kept_weights_limit_bytes"] = r.weights.limit;
    if (r.folderFree)
        json["disk"]["folder_free_bytes"] = *r.folderFree;
    OrderedJson gpus = OrderedJson::array();
    for (const Gpu &gpu : r.gpu.gpus)
        gpus.push_back(
            {{"name", gpu.name},
             {"total_bytes", gpu.total},
             {"free_bytes", gpu.free},
             {"compute_capability", std::to_string(gpu.computeMajor) + "." + std::to_string(gpu.computeMinor)}});
    json["gpu"] = {{"driver", r.gpu.driver}, {"used", r.gpuUsed}, {"devices", gpus}};
    for (const auto &[name, version] : r.libraries)
        json["libraries"][name] = version;
    json["models"] = r.models;
    json["self_test"] = OrderedJson::array();
    for (const LevelChecks &level : r.selfTest) {
        OrderedJson checks = OrderedJson::array();
        for (const KernelCheck &check : level.checks)
            checks.push_back({{"kernel", check.name},
                              {"worst", check.worst},
                              {"allowed", check.allowed},
                              {"passed", check.passed()}});
        json["self_test"].push_back({{"level", level.level}, {"passed", level.passed()}, {"checks", checks}});
    }
    json["notes"] = OrderedJson::array();
    for (const DoctorNote &note : r.notes)
        json["notes"].push_back({{"kind", kindName(note.kind)}, {"what", note.what}, {"how", note.how}});
    json["healthy"] = r.healthy();
    return json;
}

void printMachine(const DoctorReport &r)
{
    print("Attune " + r.version + (r.system.empty() ? "" : " on " + r.system) +
          (r.kernel.empty() ? "" : ", " + r.kernel));
    print("");
    line("Processor", (r.processor.name.empty() ? "unknown" : r.processor.name) + ", " +
                          counted(r.processor.cores, "core") +
                          (r.processor.quota ? ", limited to the time of " + fixed(*r.processor.quota, 1) : ""));
    if (!r.processor.features.empty())
        line("", joined(r.processor.features, " "));
    line("Kernels", r.level + " (the processor has " + joined(r.levels, ", ") + "), " + counted(r.threads, "thread") +
                        "; libtorch uses " + r.atenLevel);
    line("Memory", bytesText(r.memory.total) + ", " + bytesText(r.memory.available) + " free" +
                       (r.memory.limited()
                            ? " (a limit of the control group; the machine has " + bytesText(r.memory.installed) + ")"
                            : ""));
    if (r.cacheFree)
        line("Disk", bytesText(*r.cacheFree) + " free for models" + (r.cache.empty() ? "" : " (" + r.cache + ")"));
    if (r.folderFree)
        line(r.cacheFree ? "" : "Disk", bytesText(*r.folderFree) + " free in this folder");
    line("", r.weights.limit == 0 && r.weights.files == 0
                 ? "quantised weights are not kept (ATTUNE_WEIGHT_CACHE)"
                 : bytesText(r.weights.bytes) + " of quantised weights kept, of " +
                       counted(r.weights.files, "model") + "; at most " + bytesText(r.weights.limit));
    if (r.gpu.gpus.empty())
        line("GPU", r.gpu.driver.empty() ? "none" : "none, though the driver " + r.gpu.driver + " answers");
    for (std::size_t i = 0; i < r.gpu.gpus.size(); ++i) {
        const Gpu &gpu = r.gpu.gpus[i];
        line(i == 0 ? "GPU" : "", gpu.name + ", " + bytesText(gpu.total) + ", " + bytesText(gpu.free) + " free" +
                                      (i == 0 ? ", driver " + r.gpu.driver : "") + (r.gpuUsed ? "" : ", not used"));
    }
    std::vector<std::string> libraries;
    for (const auto &[name, version] : r.libraries)
        libraries.push_back(name + " " + version);
    line("Libraries", joined(libraries, ", "));
    line("Models", r.models.empty() ? "none" : joined(r.models, ", "));
    for (std::size_t i = 0; i < r.selfTest.size(); ++i) {
        const LevelChecks &level = r.selfTest[i];
        const auto good =
            std::count_if(level.checks.begin(), level.checks.end(), [](const KernelCheck &c) { return c.passed(); });
        const std::string name =
            level.level + std::string(level.level.size() < 12 ? 12 - level.level.size() : 0, ' ');
        line(i == 0 ? "Self-test" : "", name + std::to_string(good) + " of " +
                                            counted(std::ssize(level.checks), "kernel") + " agree with " +
                                            (level.level.starts_with("cuda") ? "the processor" : "plain loops"));
    }
}

Result<int> doctor(bool asJson)
{
    const DoctorReport report = examineMachine();
    const int status = report.healthy() ? 0 : exitFailed;
    if (asJson) {
        printJson(reportJson(report));
        return status;
    }
    printMachine(report);
    print("");
    if (report.notes.empty())
        print("Nothing is missing.");
    for (const DoctorNote &note : report.notes) {
        const char *mark = note.kind == DoctorNote::Kind::Wrong     ? "✗ "
                           : note.kind == DoctorNote::Kind::Missing ? "! "
                                                                    : "· ";
        print(mark + note.what);
        print("  " + note.how);
    }
    return status;
}

} // namespace

void addDoctor(CLI::App &app)
{
    auto asJson = std::make_shared<bool>(false);
    const Verb verb(app, "doctor", "What this machine can do, a self-test, and what is missing",
                    [asJson](const Context &) { return doctor(*asJson); });
    verb.flag("--json", *asJson, "One JSON object; nothing in either form names you or this machine");
}

} // namespace attune::cli
