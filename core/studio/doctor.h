#pragma once

#include "core/base/gpus.h"
#include "core/base/machine.h"
#include "core/model/kernel_checks.h"
#include "core/model/weight_cache.h"

namespace attune {

struct LevelChecks {
    std::string level;
    std::vector<KernelCheck> checks;
    bool passed() const;
};

/// What is missing or in the way, and how to get or mend it: a sentence each.
struct DoctorNote {
    enum class Kind { Information, Missing, Wrong } kind = Kind::Information;
    std::string what;
    std::string how;
};

/// What this machine can do for Attune. It can be pasted into a report: no user, host or environment is in it, and
/// paths below the home folder begin with "~"; other paths are left out.
struct DoctorReport {
    std::string version; ///< Attune's
    std::string system;
    std::string kernel;
    Processor processor;
    std::string level;               ///< of our kernels, as chosen
    std::vector<std::string> levels; ///< that the processor has, the best first
    std::string atenLevel;
    int threads = 1;
    MachineMemory memory;
    std::string cache; ///< the folder that set-up fills; empty where it is not below the home folder
    std::optional<std::int64_t> cacheFree;
    WeightCacheUse weights; ///< quantised weights that are kept there
    std::optional<std::int64_t> folderFree; ///< where we are
    GpuReport gpu;
    bool gpuUsed = false;
    std::string cudaTrouble;       ///< why not, where a driver answers
    std::string cudaKernelTrouble; ///< why our own CUDA kernels are not used, where the GPU is
    bool cudaKernelsOff = false;   ///< by ATTUNE_CUDA_KERNELS=0, on purpose
    std::vector<std::pair<std::string, std::string>> libraries; ///< name, version
    std::vector<std::string> models;                            ///< known names
    std::optional<std::string> modelsTrouble;                   ///< why their list can't be read
    std::vector<LevelChecks> selfTest;
    std::vector<DoctorNote> notes;

    bool healthy() const; ///< nothing is wrong; what is merely missing may be
};

/// Looks, and runs the kernels of every level that the processor has against plain loops: about a tenth of a second.
DoctorReport examineMachine();

/// The notes that follow from the rest of a report.
std::vector<DoctorNote> doctorNotes(const DoctorReport &report);

/// A text with the home folder written as "~".
std::string withoutHome(std::string text, const std::string &home);
/// And of every other path only the last name.
std::string withoutPaths(std::string text, const std::string &home);

} // namespace attune
