#pragma once

#include "core/base/files.h"
#include "core/formats/json.h"
#include "core/formats/safetensors.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

/// The reference values under tests/data/parity, made by transformers, peft and bitsandbytes.
namespace parity {

inline std::string folder(const std::string &shape)
{
    return ATTUNE_TEST_DATA "/parity/" + shape;
}

inline const std::vector<std::string> &shapes()
{
    static const std::vector<std::string> names = {"llama-gqa",      "llama-sharded-bias", "mistral-window",
                                                   "llama3-scaling", "qwen2-tied",         "qwen3"};
    return names;
}

inline attune::Json json(const std::string &path)
{
    auto value = attune::readJson(path);
    return value ? *value : attune::Json();
}

inline std::vector<float> tensor(const std::string &path, const std::string &name)
{
    const auto file = attune::SafetensorsFile::open(path);
    if (!file)
        return {};
    const auto view = file->tensor(name);
    if (!view)
        return {};
    std::vector<float> values(static_cast<std::size_t>(view->elements()));
    attune::toFloat(*view, 0, view->elements(), values.data());
    return values;
}

/// The largest difference; infinite where the sizes differ or a value is no number.
template <typename A, typename B>
double worst(const A &a, const B &b)
{
    if (a.size() != b.size() || a.empty())
        return INFINITY;
    double most = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double d = std::abs(double(a[i]) - double(b[i]));
        if (!std::isfinite(d))
            return INFINITY;
        most = std::max(most, d);
    }
    return most;
}

} // namespace parity
