#pragma once

#include "core/model/kernel_checks.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <random>
#include <utility>
#include <vector>

namespace attune {

constexpr double bf16Error = 0.01; // two roundings to 8 bits
constexpr double floatError = 1e-5;

using Floats = std::vector<float>;
using Bits = std::vector<Bf16>;

inline float wide(Bf16 value)
{
    const std::uint32_t bits = std::uint32_t(value) << 16;
    float result = 0;
    std::memcpy(&result, &bits, sizeof result);
    return result;
}

/// Rounded to nearest even.
inline Bf16 narrow(float value)
{
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    return static_cast<Bf16>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

/// What the checks of a level's kernels have in common: random input, and the differences they note.
class KernelCheckTools {
protected:
    explicit KernelCheckTools(const CpuKernels &kernels) : m_kernels(kernels) {}

    Floats randomFloats(std::int64_t count, float scale = 1)
    {
        std::normal_distribution<float> normal(0, scale);
        Floats values(static_cast<std::size_t>(count));
        for (float &v : values)
            v = normal(m_random);
        return values;
    }

    Bits randomBits(std::int64_t count, float scale = 1)
    {
        Bits bits;
        for (const float v : randomFloats(count, scale))
            bits.push_back(narrow(v));
        return bits;
    }

    static double difference(const std::vector<double> &expected, const std::vector<double> &got)
    {
        double largest = 1e-30;
        double worst = 0;
        for (std::size_t i = 0; i < expected.size(); ++i) {
            largest = std::max(largest, std::abs(expected[i]));
            const double d = std::abs(expected[i] - got[i]);
            worst = std::isfinite(d) ? std::max(worst, d) : std::numeric_limits<double>::infinity();
        }
        return worst / largest;
    }

    static std::vector<double> doubles(const Bits &bits)
    {
        std::vector<double> values;
        for (const Bf16 b : bits)
            values.push_back(double(wide(b)));
        return values;
    }
    static std::vector<double> doubles(const Floats &floats) { return {floats.begin(), floats.end()}; }

    /// NaN and infinity are the worst.
    static double worse(double a, double b)
    {
        return std::isfinite(b) ? std::max(a, b) : std::numeric_limits<double>::infinity();
    }

    /// The worst of several comparisons under one name.
    void note(const char *name, double allowed, std::initializer_list<double> differences)
    {
        double worst = 0;
        for (const double d : differences)
            worst = worse(worst, d);
        m_checks.push_back({name, worst, allowed});
    }

    const CpuKernels &m_kernels;
    std::mt19937 m_random{5};
    std::vector<KernelCheck> m_checks;
};

/// Products of a few rows and of matrices, NF4's and bfloat16's.
std::vector<KernelCheck> productChecks(const CpuKernels &kernels);
/// Everything else that a layer, its loss and dropout need.
std::vector<KernelCheck> layerChecks(const CpuKernels &kernels);

} // namespace attune
