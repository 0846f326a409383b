#pragma once

#include <cstdint>

namespace attune {

/// Gives ATen's CPU tensors an allocator that keeps large blocks for reuse, for the whole process. Rows of varying
/// length make every step ask for other sizes, which leaves malloc's heap in pieces: five times the memory that is in
/// use after some dozen steps. Here an idle block serves any request that fills two thirds of it, and what is mapped
/// stays within an eighth of the most that was ever in use at once. Called by LanguageModel::load(); the first call
/// counts.
void useBlockAllocator();
/// Gives idle blocks back to the system, after a model has gone.
void releaseIdleBlocks();

/// In bytes, of the large blocks.
struct BlockUse {
    std::int64_t used = 0;
    std::int64_t mostUsed = 0;
    std::int64_t mapped = 0; ///< used and idle
};
BlockUse blockUse();

} // namespace attune
