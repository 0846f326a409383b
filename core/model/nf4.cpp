#include "core/model/nf4.h"

#include "core/model/guarded_torch.h"
#include "core/model/nf4_torch.h"

#include <algorithm>
#include <c10/core/InferenceMode.h>

namespace attune {
namespace {

template <typename T>
std::vector<T> copyOf(const at::Tensor &tensor)
{
    const at::Tensor t = tensor.contiguous();
    return {t.const_data_ptr<T>(), t.const_data_ptr<T>() + t.numel()};
}

} // namespace

Result<Nf4Parts> nf4Parts(std::span<const float> values, std::int64_t rows, std::int64_t columns, bool doubleQuant)
{
    return guarded("Quantising", [&]() -> Result<Nf4Parts> {
        const c10::InferenceMode noGradients;
        if (rows < 1 || columns < 1 || static_cast<std::int64_t>(values.size()) != rows * columns)
            return fail(ErrorCode::InvalidInput, "A tensor to quantise needs at least one row and one column.");
        const Nf4Tensor w =
            quantizeNf4(rows, columns, doubleQuant, [&](std::int64_t begin, std::int64_t end, float *out) {
                std::copy_n(values.begin() + begin * columns, (end - begin) * columns, out);
            });
        Nf4Parts parts;
        parts.packed = copyOf<std::uint8_t>(w.packed);
        if (doubleQuant) {
            parts.absmaxCodes = copyOf<std::uint8_t>(w.codes);
            parts.absmax2 = copyOf<float>(w.absmax2);
            parts.code = copyOf<float>(w.code);
            parts.offset = w.offset;
        } else {
            parts.absmax = copyOf<float>(w.absmax);
        }
        parts.dequantised = copyOf<float>(dequantize(w, at::kFloat));
        return parts;
    });
}

} // namespace attune
