#include "core/train/memory_ledger.h"

#include <algorithm>

namespace attune {
namespace {

// As in core/model/allocator_torch.cpp; tst_memory_plan holds both to the same figures.
constexpr std::int64_t alignment = 64;
constexpr std::int64_t pageSize = 64 << 10;
constexpr std::int64_t leastBlock = 256 << 10;
constexpr std::int64_t spare = 32 << 20;

} // namespace

MemoryLedger::Held MemoryLedger::take(MemoryPart part, std::int64_t bytes)
{
    Held held;
    if (bytes <= 0)
        return held;
    held.m_ledger = this;
    held.m_part = part;
    held.m_bytes = bytes + alignment;
    if (!m_blocks || held.m_bytes < leastBlock) {
        m_small += held.m_bytes;
        m_mostSmall = std::max(m_mostSmall, m_small);
    } else {
        const std::int64_t wanted = (held.m_bytes + pageSize - 1) / pageSize * pageSize;
        if (const auto found = m_bySize.lower_bound(wanted);
            found != m_bySize.end() && found->first <= wanted + wanted / 2) {
            held.m_block = found->first;
            m_idle.erase(found->second);
            m_bySize.erase(found);
        } else {
            const std::int64_t most = std::max(m_mostUsed, m_used + wanted);
            trim(most + most / 8 + spare, wanted);
            held.m_block = wanted;
            m_mapped += wanted;
            m_mostMapped = std::max(m_mostMapped, m_mapped);
        }
        m_used += held.m_block;
        m_mostUsed = std::max(m_mostUsed, m_used);
    }
    m_live[static_cast<std::size_t>(part)] += held.m_bytes;
    m_held += held.m_bytes;
    if (m_held > m_mostHeld) {
        m_mostHeld = m_held;
        m_atPeak = m_live;
    }
    return held;
}

void MemoryLedger::giveBack(const Held &held)
{
    m_live[static_cast<std::size_t>(held.m_part)] -= held.m_bytes;
    m_held -= held.m_bytes;
    if (held.m_block == 0) {
        m_small -= held.m_bytes;
        return;
    }
    m_used -= held.m_block;
    m_idle.push_back(held.m_block);
    m_bySize.emplace(held.m_block, std::prev(m_idle.end()));
}

void MemoryLedger::trim(std::int64_t limit, std::int64_t more)
{
    while (m_mapped + more > limit && !m_idle.empty()) {
        const std::int64_t bytes = m_idle.front();
        const auto [begin, end] = m_bySize.equal_range(bytes);
        m_bySize.erase(std::find_if(begin, end, [&](const auto &entry) { return entry.second == m_idle.begin(); }));
        m_idle.pop_front();
        m_mapped -= bytes;
    }
}

void MemoryLedger::beside(std::int64_t bytes)
{
    m_mostBeside = std::max(m_mostBeside, m_mapped + m_small + bytes);
}

std::int64_t MemoryLedger::most() const
{
    return m_mostMapped + m_mostSmall;
}

PartBytes MemoryLedger::parts() const
{
    PartBytes parts = m_atPeak;
    parts[static_cast<std::size_t>(MemoryPart::Spare)] = most() - m_mostHeld;
    return parts;
}

} // namespace attune
