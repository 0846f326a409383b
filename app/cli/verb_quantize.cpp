#include "app/cli/cli.h"
#include "core/base/files.h"
#include "core/formats/safetensors.h"
#include "core/model/nf4.h"

namespace attune::cli {
namespace {

struct Options {
    std::string in;
    std::string tensor;
    std::string out;
};

template <typename T>
std::span<const std::byte> bytesOf(const std::vector<T> &values)
{
    return std::as_bytes(std::span(values));
}

Result<int> quantize(const Options &options)
{
    ATTUNE_CHECK(checkOutput(options.out, {options.in}));
    ATTUNE_TRY(const auto file, SafetensorsFile::open(options.in));
    ATTUNE_TRY(const auto tensor, file.tensor(options.tensor));
    if (tensor.shape.size() != 2)
        return fail(ErrorCode::InvalidInput, options.in + ": " + options.tensor + " is not a matrix.");
    std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
    toFloat(tensor, 0, tensor.elements(), values.data());
    ATTUNE_TRY(const auto once, nf4Parts(values, tensor.shape[0], tensor.shape[1], false));
    ATTUNE_TRY(const auto twice, nf4Parts(values, tensor.shape[0], tensor.shape[1], true));
    const auto size = [](const auto &v) { return std::vector{static_cast<std::int64_t>(v.size())}; };
    const std::vector<float> offset = {twice.offset};
    const std::vector<TensorToWrite> tensors = {
        {"single.packed", DType::U8, size(once.packed), bytesOf(once.packed)},
        {"single.absmax", DType::F32, size(once.absmax), bytesOf(once.absmax)},
        {"single.dequantised", DType::F32, tensor.shape, bytesOf(once.dequantised)},
        {"double.packed", DType::U8, size(twice.packed), bytesOf(twice.packed)},
        {"double.absmax", DType::U8, size(twice.absmaxCodes), bytesOf(twice.absmaxCodes)},
        {"double.dequantised", DType::F32, tensor.shape, bytesOf(twice.dequantised)},
        {"double.state2.absmax", DType::F32, size(twice.absmax2), bytesOf(twice.absmax2)},
        {"double.state2.code", DType::F32, size(twice.code), bytesOf(twice.code)},
        {"double.offset", DType::F32, {1}, bytesOf(offset)},
    };
    ATTUNE_CHECK(writeSafetensors(options.out, tensors));
    return 0;
}

} // namespace

void addQuantize(CLI::App &app)
{
    auto options = std::make_shared<Options>();
    const Verb verb(app, "quantize", "Quantise one tensor to NF4, with and without double quantisation",
                    [options](const Context &) { return quantize(*options); });
    verb.option("--in", options->in, "Safetensors file").required();
    verb.option("--tensor", options->tensor, "Name of a matrix in it").required();
    verb.option("--out", options->out, "Safetensors file with the parts").required();
}

} // namespace attune::cli
