#include "core/studio/doctor.h"

#include "core/base/files.h"
#include "core/model/devices.h"
#include "core/model/language_model.h"
#include "core/model/registry.h"
#include "core/store/library_version.h"
#include "core/text/library_versions.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace attune {
namespace {

constexpr std::int64_t GiB = std::int64_t(1) << 30;
constexpr int oldestDriver = 580; // the first that runs CUDA 13, as installer/setup has it
constexpr std::int64_t roomForModels = 2 * GiB;
constexpr std::int64_t littleMemory = 4 * GiB;

std::string gibText(std::int64_t bytes)
{
    const auto tenths =
        static_cast<std::int64_t>(std::llround(static_cast<double>(bytes) * 10 / static_cast<double>(GiB)));
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GiB";
}

std::string home()
{
    const char *folder = std::getenv("HOME");
    std::string path = folder ? folder : "";
    while (path.size() > 1 && path.back() == '/')
        path.pop_back();
    return path;
}

void noteGpu(const DoctorReport &report, std::vector<DoctorNote> &notes)
{
    using Kind = DoctorNote::Kind;
    if (report.gpuUsed) {
        if (report.cudaKernelsOff)
            notes.push_back({Kind::Information,
                             "The GPU computes without Attune's own kernels: ATTUNE_CUDA_KERNELS is 0.",
                             "Unset it for the faster ones."});
        else if (!report.cudaKernelTrouble.empty())
            notes.push_back({Kind::Missing,
                             "The GPU computes without Attune's own kernels, which is slower: " +
                                 report.cudaKernelTrouble,
                             "Run installer/setup again; if it stays, report it with this page."});
        return;
    }
    if (report.gpu.driver.empty()) {
        notes.push_back({Kind::Information, "No NVIDIA driver answers, so training runs on the processor.",
                         "For a GPU: install NVIDIA's driver, " + std::to_string(oldestDriver) +
                             " or later, and run installer/setup again."});
        return;
    }
    if (std::atoi(report.gpu.driver.c_str()) < oldestDriver) {
        notes.push_back(
            {Kind::Missing, "The NVIDIA driver " + report.gpu.driver + " is too old for CUDA 13.",
             "Install driver " + std::to_string(oldestDriver) + " or later, and run installer/setup again."});
        return;
    }
    notes.push_back({Kind::Missing, "There is a GPU, but training runs on the processor.",
                     report.cudaTrouble.empty() ? "Run installer/setup again." : report.cudaTrouble});
}

} // namespace

bool LevelChecks::passed() const
{
    return std::all_of(checks.begin(), checks.end(), [](const KernelCheck &check) { return check.passed(); });
}

bool DoctorReport::healthy() const
{
    return std::none_of(notes.begin(), notes.end(),
                        [](const DoctorNote &note) { return note.kind == DoctorNote::Kind::Wrong; });
}

std::string withoutHome(std::string text, const std::string &home)
{
    if (home.size() < 2)
        return text; // "/" is in every path
    for (std::size_t at = text.find(home); at != std::string::npos; at = text.find(home, at + 1)) {
        const std::size_t end = at + home.size();
        if (end == text.size() || text[end] == '/') // not a longer name that begins alike
            text.replace(at, home.size(), "~");
    }
    return text;
}

std::string withoutPaths(std::string text, const std::string &home)
{
    text = withoutHome(std::move(text), home);
    constexpr std::string_view before = " \"'(", after = " \"':;,)";
    for (std::size_t at = 0; (at = text.find('/', at)) != std::string::npos;) {
        if (at > 0 && before.find(text[at - 1]) == before.npos) { // within a word, as in ~/x or 1/2
            ++at;
            continue;
        }
        const std::size_t end = std::min(text.find_first_of(after, at), text.size());
        const std::size_t name = text.rfind('/', end - 1) + 1;
        text.replace(at, name - at, name < end ? "…/" : "…");
        at += std::string_view("…/").size();
    }
    return text;
}

std::vector<DoctorNote> doctorNotes(const DoctorReport &report)
{
    using Kind = DoctorNote::Kind;
    std::vector<DoctorNote> notes;
    for (const LevelChecks &level : report.selfTest)
        for (const KernelCheck &check : level.checks)
            if (!check.passed())
                notes.push_back(
                    {Kind::Wrong,
                     level.level.starts_with("cuda")
                         ? level.level + " computes this wrongly: " + check.name + "."
                         : "The " + level.level + " kernels compute " + check.name + " wrongly on this processor.",
                     level.level.starts_with("cuda")
                         ? "Train with device=cpu, and report it with this page."
                     : level.level == "plain"
                         ? "Build Attune again; if it stays, report it with this page."
                         : "Set ATTUNE_CPU_LEVEL to a level that passes, and report it with this page."});
    if (!report.levels.empty() && report.level != report.levels.front())
        notes.push_back(
            {Kind::Information,
             "The kernels are held at " + report.level + ", though the processor has " + report.levels.front() + ".",
             "Unset ATTUNE_CPU_LEVEL for the faster ones."});
    if (report.level == "plain")
        notes.push_back(
            {Kind::Missing, "The kernels run without vector instructions: a step takes many times longer.",
             "Use a processor with AVX2 (most since 2013); in a virtual machine, pass the host's processor on."});
    if (report.processor.quota && *report.processor.quota + 0.5 < report.threads)
        notes.push_back(
            {Kind::Information,
             "The control group gives less time than " + std::to_string(report.threads) +
                 " threads use, so they wait for one another.",
             "Set OMP_NUM_THREADS=" + std::to_string(std::max(1, static_cast<int>(*report.processor.quota))) +
                 ", or raise the limit."});
    if (report.memory.total > 0 && report.memory.total < littleMemory)
        notes.push_back({Kind::Missing, "There is little memory (" + gibText(report.memory.total) + ").",
                         "See with `attune plan --model MODEL` what a run would need."});
    if (report.cacheFree && *report.cacheFree < roomForModels)
        notes.push_back({Kind::Missing, "There is little room for models (" + gibText(*report.cacheFree) + ").",
                         "Free some, or set ATTUNE_CACHE to a folder on another disk."});
    noteGpu(report, notes);
    if (!sqliteSearchesText())
        notes.push_back({Kind::Wrong, "SQLite was built without FTS5, so no project can be opened.",
                         "Install Debian's libsqlite3-0, or build SQLite with -DSQLITE_ENABLE_FTS5."});
    if (report.modelsTrouble)
        notes.push_back({Kind::Wrong, "The list of models can't be read.", *report.modelsTrouble});
    else if (report.models.empty())
        notes.push_back({Kind::Missing, "No model is known on this machine.",
                         "Run installer/setup for the sample's, or `attune models add PATH` for one of your own."});
    return notes;
}

DoctorReport examineMachine()
{
    DoctorReport report;
    report.version = ATTUNE_VERSION;
    report.system = systemName();
    report.kernel = kernelName();
    report.processor = processor();
    report.level = cpuKernels().level;
    for (const std::string_view level : cpuLevels())
        report.levels.emplace_back(level);
    report.atenLevel = atenLevel();
    report.threads = computeThreads();
    report.memory = machineMemory();
    const std::string cache = withoutHome(cacheFolder().string(), home());
    report.cache = cache.starts_with("~") ? cache : "";
    report.cacheFree = freeDisk(cacheFolder());
    report.weights = weightCacheUse(WeightCache::standard());
    report.folderFree = freeDisk(".");
    report.gpu = gpuReport();
    report.gpuUsed = engineHasCuda();
    report.cudaTrouble = withoutPaths(cudaTrouble(), home());
    report.cudaKernelTrouble = withoutPaths(cudaKernelTrouble(), home());
    const char *kernels = std::getenv("ATTUNE_CUDA_KERNELS");
    report.cudaKernelsOff = kernels && std::string_view(kernels) == "0";
    report.libraries = {{"libtorch", torchVersion()},
                        {"SQLite", sqliteVersion()},
                        {"sentencepiece", sentencepieceVersion()},
                        {"PCRE2", pcre2Version().substr(0, pcre2Version().find(' '))}};
    const auto models = knownModels();
    if (models)
        for (const KnownModel &model : *models)
            report.models.push_back(model.name);
    for (const std::string &level : report.levels)
        report.selfTest.push_back({level, checkKernels(*cpuKernels(level))});
    for (int i = 0; i < cudaDevices(); ++i)
        report.selfTest.push_back({"cuda:" + std::to_string(i), checkCudaKernels(i)});
    if (!models)
        report.modelsTrouble = withoutPaths(models.error().message, home());
    report.notes = doctorNotes(report);
    if (models)
        for (const KnownModel &model : *models)
            if (std::error_code error; !std::filesystem::exists(model.path, error))
                report.notes.push_back({DoctorNote::Kind::Missing,
                                        "The files of the model " + model.name + " are gone.",
                                        "Bring them back, or forget it with `attune models rm " + model.name + "`."});
    return report;
}

} // namespace attune
