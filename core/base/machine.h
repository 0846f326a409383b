#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace attune {

/// Memory that this process may have, in bytes. A container or a service often has a control group with a lower limit
/// than the machine: beyond it the process is killed, whatever is free elsewhere.
struct MachineMemory {
    std::int64_t total = 0; ///< of the machine, or the group's limit where that is lower; 0: the system does not say
    std::int64_t available = 0; ///< without pushing others out
    std::int64_t installed = 0; ///< of the machine
    bool limited() const { return total < installed; }
};
/// `root` is where /proc and /sys are looked for.
MachineMemory machineMemory(const std::filesystem::path &root = "/");

struct Processor {
    std::string name;                  ///< "AMD EPYC"
    std::vector<std::string> features; ///< of those that the engine's kernels and libtorch look for
    int cores = 1;                     ///< that this process may run on
    std::optional<double> quota;       ///< cores' worth of time that its control group has, where that is limited
};
Processor processor(const std::filesystem::path &root = "/");

/// Bytes that this user may still write at a path, or at the nearest folder above it that exists.
std::optional<std::int64_t> freeDisk(const std::filesystem::path &path);

/// "Debian GNU/Linux 12 (bookworm)", "Linux 6.1.0"; empty where the system does not say.
std::string systemName(const std::filesystem::path &root = "/");
std::string kernelName();

} // namespace attune
