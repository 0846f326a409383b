#include "core/model/allocator_torch.h"

#include <algorithm>
#include <c10/core/CPUAllocator.h>
#include <cstdlib>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <sys/mman.h>

namespace attune {
namespace {

constexpr std::size_t alignment = 64;       // of what is handed out; the block's own line before it holds the header
constexpr std::size_t pageSize = 64 << 10;  // sizes are rounded up to it, so that nearly equal requests are equal
constexpr std::size_t leastBlock = 256 << 10; // malloc serves smaller ones well
constexpr std::size_t spare = 32 << 20;     // mapped beyond the most that was in use, besides an eighth of it

struct Header {
    std::size_t bytes = 0; ///< of the whole block; 0: from malloc
};
static_assert(sizeof(Header) <= alignment);

class Blocks {
public:
    void *take(std::size_t bytes)
    {
        const std::scoped_lock lock(m_mutex);
        if (const auto found = m_bySize.lower_bound(bytes);
            found != m_bySize.end() && found->first <= bytes + bytes / 2) {
            void *block = *found->second;
            m_idle.erase(found->second);
            m_used += found->first;
            m_mostUsed = std::max(m_mostUsed, m_used);
            m_bySize.erase(found);
            return block;
        }
        const std::size_t most = std::max(m_mostUsed, m_used + bytes);
        trim(most + most / 8 + spare, bytes);
        void *block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED) {
            trim(0, 0);
            block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        }
        if (block == MAP_FAILED)
            return nullptr;
        static_cast<Header *>(block)->bytes = bytes;
        m_mapped += bytes;
        m_used += bytes;
        m_mostUsed = std::max(m_mostUsed, m_used);
        return block;
    }

    void giveBack(void *block)
    {
        const std::scoped_lock lock(m_mutex);
        const std::size_t bytes = static_cast<Header *>(block)->bytes;
        m_used -= bytes;
        m_idle.push_back(block);
        m_bySize.emplace(bytes, std::prev(m_idle.end()));
    }

    void release()
    {
        const std::scoped_lock lock(m_mutex);
        trim(0, 0);
        m_mostUsed = m_used;
    }

    BlockUse use()
    {
        const std::scoped_lock lock(m_mutex);
        return {static_cast<std::int64_t>(m_used), static_cast<std::int64_t>(m_mostUsed),
                static_cast<std::int64_t>(m_mapped)};
    }

private:
    /// Unmaps idle blocks, the longest idle first, until `more` bytes fit under the limit.
    void trim(std::size_t limit, std::size_t more)
    {
        while (m_mapped + more > limit && !m_idle.empty()) {
            void *block = m_idle.front();
            const std::size_t bytes = static_cast<Header *>(block)->bytes;
            const auto [begin, end] = m_bySize.equal_range(bytes);
            m_bySize.erase(std::find_if(begin, end, [&](const auto &entry) { return *entry.second == block; }));
            m_idle.pop_front();
            munmap(block, bytes);
            m_mapped -= bytes;
        }
    }

    std::mutex m_mutex;
    std::list<void *> m_idle; // the longest idle first
    std::multimap<std::size_t, std::list<void *>::iterator> m_bySize;
    std::size_t m_used = 0;
    std::size_t m_mostUsed = 0;
    std::size_t m_mapped = 0;
};

/// Never destroyed: tensors of static storage may go after it would.
Blocks &blocks()
{
    static auto *all = new Blocks;
    return *all;
}

void freeBlock(void *data)
{
    if (!data)
        return;
    void *block = static_cast<char *>(data) - alignment;
    if (static_cast<Header *>(block)->bytes == 0)
        std::free(block);
    else
        blocks().giveBack(block);
}

class BlockAllocator final : public c10::Allocator {
public:
    c10::DataPtr allocate(std::size_t bytes) override
    {
        if (bytes == 0)
            return {nullptr, nullptr, &freeBlock, c10::Device(c10::DeviceType::CPU)};
        const std::size_t whole = bytes + alignment;
        void *block = nullptr;
        if (whole < leastBlock) {
            block = std::aligned_alloc(alignment, (whole + alignment - 1) / alignment * alignment);
            if (block)
                static_cast<Header *>(block)->bytes = 0;
        } else {
            block = blocks().take((whole + pageSize - 1) / pageSize * pageSize);
        }
        TORCH_CHECK_WITH(OutOfMemoryError, block != nullptr, "not enough memory for ", bytes, " bytes");
        void *data = static_cast<char *>(block) + alignment;
        return {data, data, &freeBlock, c10::Device(c10::DeviceType::CPU)};
    }
    c10::DeleterFnPtr raw_deleter() const override { return &freeBlock; }
    void copy_data(void *to, const void *from, std::size_t count) const override { std::memcpy(to, from, count); }
};

} // namespace

void useBlockAllocator()
{
    static BlockAllocator allocator;
    static const bool once = (c10::SetCPUAllocator(&allocator, 1), true);
    static_cast<void>(once);
}

void releaseIdleBlocks()
{
    blocks().release();
}

BlockUse blockUse()
{
    return blocks().use();
}

} // namespace attune
