#pragma once

#include <cstdint>
#include <string>

namespace attune {

/// Which process something belongs to, so that a later one with the same number is not taken for it.
struct ProcessIdentity {
    std::int64_t pid = 0;
    std::string place; ///< boot of the machine and its space of process numbers (containers have their own)
    std::string start; ///< when the process started, in clock ticks after boot

    static ProcessIdentity own();
    /// Both texts as one, to store beside the number.
    std::string holder() const { return place + " " + start; }
    static ProcessIdentity stored(std::int64_t pid, const std::string &holder);
};

enum class Liveness { Dead, Alive, Elsewhere };
/// Elsewhere: it runs, or ran, on another machine, in another container or before a restart, so this one can't tell.
Liveness liveness(const ProcessIdentity &process);

} // namespace attune
