#include "core/base/machine.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <sys/utsname.h>

namespace attune {
namespace {

namespace fs = std::filesystem;

std::string firstLine(const fs::path &file)
{
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    return line;
}

std::optional<std::int64_t> number(const std::string &text)
{
    char *end = nullptr;
    const long long value = std::strtoll(text.c_str(), &end, 10);
    return end == text.c_str() ? std::nullopt : std::optional<std::int64_t>(value);
}

/// "MemTotal:   1234 kB", in bytes.
std::int64_t meminfo(const fs::path &root, const std::string &key)
{
    std::ifstream in(root / "proc/meminfo");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(key + ":"))
            return number(line.substr(key.size() + 1)).value_or(0) * 1024;
    return 0;
}

/// The folders of this process's control group and of those around it, the innermost first. Inside a container the
/// path in /proc/self/cgroup may be the host's: then only the root is there.
std::vector<fs::path> groups(const fs::path &root, const std::string &controller)
{
    std::string path;
    fs::path mount;
    std::ifstream in(root / "proc/self/cgroup");
    for (std::string line; std::getline(in, line);) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos)
            continue;
        const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
        const bool unified = names == ",,";
        const bool own = names.find("," + controller + ",") != std::string::npos;
        if (own || (unified && mount.empty())) {
            path = line.substr(second + 1);
            mount = root / "sys/fs/cgroup";
            if (own)
                mount /= controller;
        }
    }
    std::vector<fs::path> folders;
    if (mount.empty())
        return folders;
    fs::path below = fs::path(path).relative_path();
    while (!below.empty()) {
        folders.push_back(mount / below);
        below = below.parent_path();
    }
    folders.push_back(mount);
    return folders;
}

struct Limit {
    std::int64_t limit; ///< the lowest
    std::int64_t left;  ///< of the group that leaves least
};

/// Pages of files that the kernel gives back when the group needs the room.
std::int64_t reclaimable(const fs::path &group)
{
    std::ifstream in(group / "memory.stat");
    std::int64_t own = 0;
    std::optional<std::int64_t> all; // of the groups below too, as version 1 tells apart
    std::string name;
    for (std::int64_t bytes = 0; in >> name >> bytes;) {
        if (name == "inactive_file")
            own = bytes;
        if (name == "total_inactive_file")
            all = bytes;
    }
    return all.value_or(own);
}

/// Of the groups that limit at all.
std::optional<Limit> memoryLimit(const fs::path &root, std::int64_t installed)
{
    std::optional<Limit> tightest;
    for (const fs::path &folder : groups(root, "memory"))
        for (const auto &[limitFile, usedFile] : {std::pair("memory.max", "memory.current"),
                                                  std::pair("memory.limit_in_bytes", "memory.usage_in_bytes")}) {
            const auto limit = number(firstLine(folder / limitFile)); // "max" is no number
            if (!limit || *limit <= 0 || *limit >= installed)
                continue;
            const std::int64_t used = number(firstLine(folder / usedFile)).value_or(0);
            const std::int64_t left = *limit - std::max<std::int64_t>(0, used - reclaimable(folder));
            tightest = tightest ? Limit{std::min(tightest->limit, *limit), std::min(tightest->left, left)}
                                : Limit{*limit, left};
        }
    return tightest;
}

std::optional<double> quota(const fs::path &root)
{
    std::optional<double> least;
    for (const fs::path &folder : groups(root, "cpu")) {
        std::istringstream line(firstLine(folder / "cpu.max"));
        std::string share, period;
        line >> share >> period;
        auto time = number(share);
        auto of = number(period);
        if (!time) {
            time = number(firstLine(folder / "cpu.cfs_quota_us"));
            of = number(firstLine(folder / "cpu.cfs_period_us"));
        }
        if (!time || !of || *time <= 0 || *of <= 0)
            continue;
        const double cores = static_cast<double>(*time) / static_cast<double>(*of);
        least = least ? std::min(*least, cores) : cores;
    }
    return least;
}

} // namespace

MachineMemory machineMemory(const fs::path &root)
{
    MachineMemory memory;
    memory.installed = meminfo(root, "MemTotal");
    memory.total = memory.installed;
    memory.available = meminfo(root, "MemAvailable");
    if (const auto limit = memoryLimit(root, memory.installed)) {
        memory.total = limit->limit;
        memory.available = std::clamp<std::int64_t>(limit->left, 0, memory.available);
    }
    return memory;
}

Processor processor(const fs::path &root)
{
    // What core/model/kernels/dispatch.cpp and libtorch choose by.
    static constexpr std::array wanted = {"sse4_2",   "avx",         "f16c",     "fma",
                                          "avx2",     "avx512f",     "avx512bw", "avx512_vnni",
                                          "avx_vnni", "avx512_bf16", "amx_bf16", "amx_int8"};
    Processor result;
    std::ifstream in(root / "proc/cpuinfo");
    for (std::string line; std::getline(in, line) && !line.empty();) { // the first core's
        const auto colon = line.find(':');
        if (colon == std::string::npos || colon + 2 > line.size())
            continue;
        const std::string value = line.substr(colon + 2);
        if (line.starts_with("model name"))
            result.name = value;
        if (line.starts_with("flags"))
            for (const char *feature : wanted)
                if ((" " + value + " ").find(" " + std::string(feature) + " ") != std::string::npos)
                    result.features.emplace_back(feature);
    }
    cpu_set_t cores;
    CPU_ZERO(&cores);
    if (::sched_getaffinity(0, sizeof cores, &cores) == 0)
        result.cores = std::max(1, CPU_COUNT(&cores));
    result.quota = quota(root);
    return result;
}

std::optional<std::int64_t> freeDisk(const fs::path &path)
{
    std::error_code error;
    for (fs::path at = fs::absolute(path, error); !at.empty(); at = at.parent_path()) {
        const fs::space_info space = fs::space(at, error);
        if (!error)
            return static_cast<std::int64_t>(space.available);
        if (at == at.parent_path())
            break;
    }
    return std::nullopt;
}

std::string systemName(const fs::path &root)
{
    std::ifstream in(root / "etc/os-release");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("PRETTY_NAME=")) {
            std::string name = line.substr(12);
            std::erase(name, '"');
            return name;
        }
    return {};
}

std::string kernelName()
{
    utsname names{};
    if (::uname(&names) != 0)
        return {};
    return std::string(names.sysname) + " " + names.release; // not the node's name
}

} // namespace attune
