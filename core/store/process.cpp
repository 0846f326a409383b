#include "core/store/process.h"

#include <fstream>
#include <sstream>
#include <system_error>
#include <unistd.h>

#include <filesystem>

namespace attune {

namespace {

std::string firstLine(const std::string &path)
{
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

std::string ownPlace()
{
    std::error_code ignored;
    const auto space = std::filesystem::read_symlink("/proc/self/ns/pid", ignored);
    return firstLine("/proc/sys/kernel/random/boot_id") + "/" + space.string();
}

/// The start time of a process (proc(5), field 22 of stat); empty where it does not run any more.
std::string startOf(std::int64_t pid)
{
    const std::string line = firstLine("/proc/" + std::to_string(pid) + "/stat");
    // The second field, the name in parentheses, may hold anything.
    const auto end = line.rfind(')');
    if (end == std::string::npos)
        return {};
    std::istringstream fields(line.substr(end + 1));
    std::string field;
    for (int number = 3; fields >> field; ++number) {
        if (number == 3 && (field == "Z" || field == "X")) // has ended, its parent has not looked yet
            return {};
        if (number == 22)
            return field;
    }
    return {};
}

} // namespace

ProcessIdentity ProcessIdentity::own()
{
    const std::int64_t pid = ::getpid();
    return {pid, ownPlace(), startOf(pid)};
}

ProcessIdentity ProcessIdentity::stored(std::int64_t pid, const std::string &holder)
{
    const auto gap = holder.rfind(' ');
    if (gap == std::string::npos)
        return {pid, holder, {}};
    return {pid, holder.substr(0, gap), holder.substr(gap + 1)};
}

Liveness liveness(const ProcessIdentity &process)
{
    if (process.pid <= 0)
        return Liveness::Dead;
    if (process.place != ownPlace())
        return Liveness::Elsewhere;
    const std::string start = startOf(process.pid);
    return !start.empty() && start == process.start ? Liveness::Alive : Liveness::Dead;
}

} // namespace attune
