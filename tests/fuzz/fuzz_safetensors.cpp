// A safetensors file.

#include "core/formats/safetensors.h"
#include "tests/fuzz/fuzz.h"

#include <algorithm>
#include <vector>

using namespace attune;

ATTUNE_FUZZ_TARGET(input)
{
    const auto file = SafetensorsFile::parse(std::as_bytes(std::span(input)), "f.safetensors");
    if (!fuzz::accepted(file))
        return;
    for (const auto &[name, tensor] : file->tensors()) {
        unsigned sum = 0; // an address beyond the file shows here
        for (const std::byte byte : tensor.data)
            sum += static_cast<unsigned>(byte);
        if (sum == 0 || layout(tensor.dtype).elements != 1 || tensor.dtype > DType::BF16)
            continue;
        std::vector<float> values(static_cast<std::size_t>(std::min<std::int64_t>(tensor.elements(), 512)));
        toFloat(tensor, 0, static_cast<std::int64_t>(values.size()), values.data());
    }
}
