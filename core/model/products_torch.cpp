#include "core/model/products_torch.h"

#include "core/model/kernels/kernels.h"

#include <ATen/Parallel.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <cstdlib>
#include <memory>
#include <new>

namespace attune {
namespace {

/// Below so many multiplications a second thread costs more than it takes over.
constexpr std::int64_t worthThreads = 1 << 18;

bool byKernel(const at::Tensor &a)
{
    return multipliesByKernel(a.scalar_type(), a.device());
}

/// Products of bfloat16 that ATen leaves in float32, which it does on CUDA devices only.
bool roundsLate(const at::Tensor &a)
{
    return a.is_cuda() && a.scalar_type() == at::kBFloat16;
}

/// A workspace that the thread keeps, so that no product waits for memory. It begins at a cache line.
float *workspace(std::int64_t floats)
{
    constexpr std::size_t line = 64;
    struct Buffer {
        std::unique_ptr<float, void (*)(void *)> data{nullptr, &std::free};
        std::int64_t size = 0;
    };
    thread_local Buffer buffer;
    if (buffer.size < floats) {
        buffer.data.reset(); // before the larger one is there
        const std::size_t bytes = (static_cast<std::size_t>(floats) * sizeof(float) + line - 1) / line * line;
        buffer.data.reset(static_cast<float *>(std::aligned_alloc(line, bytes)));
        buffer.size = buffer.data ? floats : 0;
        if (!buffer.data)
            throw std::bad_alloc();
    }
    return buffer.data.get();
}

struct Matrix {
    const char *data;
    std::int64_t rows;
    std::int64_t columns;
    std::int64_t rowStride;
    std::int64_t columnStride;
    bool bf16;

    MatrixView from(std::int64_t row, std::int64_t column) const
    {
        return {data + (row * rowStride + column * columnStride) * (bf16 ? 2 : 4), bf16, rowStride, columnStride};
    }
};

/// The last two dimensions of t, at its `index`th matrix where it is a batch.
Matrix matrix(const at::Tensor &t, std::int64_t index = 0)
{
    TORCH_INTERNAL_ASSERT(t.scalar_type() == at::kBFloat16 || t.scalar_type() == at::kFloat);
    const std::int64_t offset = t.dim() == 3 ? index * t.stride(0) * std::int64_t(t.element_size()) : 0;
    return {static_cast<const char *>(t.const_data_ptr()) + offset,
            t.size(-2),
            t.size(-1),
            t.stride(-2),
            t.stride(-1),
            t.scalar_type() == at::kBFloat16};
}

/// A ThinProduct as the kernel reads it; the mask's places run through the whole of `out`.
struct Thin {
    Matrix a;
    Matrix b;
    const DropoutRule *mask;
};

/// NF4 weights under one another.
struct Nf4Stack {
    std::vector<Nf4View> parts;
    std::vector<std::int64_t> firstRows;
    std::int64_t rows = 0; ///< of the product's operand, which may be the transpose
    std::int64_t columns = 0;
    bool transposed = false;

    Nf4Matrix from(std::int64_t column) const
    {
        return {parts.data(), firstRows.data(), static_cast<std::int64_t>(parts.size()), transposed ? rows : columns,
                transposed, column};
    }
};

void callKernel(const Matrix &a, const Matrix &b, std::int64_t row, std::int64_t rows, std::int64_t column,
                std::int64_t columns, const GemmThin &thin, const GemmOutput &out, float *space)
{
    cpuKernels().gemm(a.from(row, 0), b.from(0, column), rows, columns, a.columns, thin, out, space);
}

void callKernel(const Matrix &a, const Nf4Stack &b, std::int64_t row, std::int64_t rows, std::int64_t column,
                std::int64_t columns, const GemmThin &thin, const GemmOutput &out, float *space)
{
    cpuKernels().nf4Gemm(a.from(row, 0), b.from(column), rows, columns, a.columns, thin, out, space);
}

/// Rows [row, row + rows) and columns [column, column + columns) of a product, by this thread.
template <typename B>
void multiplyPart(const Matrix &a, const B &b, const Thin *thin, const Matrix &out, bool add, std::int64_t row,
                  std::int64_t rows, std::int64_t column, std::int64_t columns)
{
    const CpuKernels &kernels = cpuKernels();
    char *to = const_cast<char *>(static_cast<const char *>(out.from(row, column).data));
    GemmThin second;
    if (thin)
        second = {thin->a.from(row, 0), thin->b.from(0, column),    thin->a.columns,
                  thin->mask,           row * out.columns + column, out.columns};
    callKernel(a, b, row, rows, column, columns, second, {to, out.bf16, out.rowStride, add},
               workspace(kernels.gemmWorkspace(rows, columns, a.columns, second.k)));
}

/// How many ways rows and columns are divided among threads. Each part packs its own operands, so the grid with the
/// least packed twice is taken.
std::pair<std::int64_t, std::int64_t> grid(std::int64_t rows, std::int64_t columns, std::int64_t threads)
{
    std::pair<std::int64_t, std::int64_t> best{threads, 1};
    std::int64_t least = -1;
    for (std::int64_t across = 1; across <= threads; ++across) {
        if (threads % across != 0)
            continue;
        const std::int64_t packed = rows * across + columns * (threads / across);
        if (least < 0 || packed < least) {
            least = packed;
            best = {threads / across, across};
        }
    }
    return best;
}

/// Part `index` of `parts` of [0, size), in steps that fill the kernel's tiles.
std::pair<std::int64_t, std::int64_t> share(std::int64_t size, std::int64_t index, std::int64_t parts)
{
    const std::int64_t step = cpuKernels().gemmStep;
    const std::int64_t steps = (size + step - 1) / step;
    const auto at = [&](std::int64_t i) { return std::min(size, steps * i / parts * step); };
    return {at(index), at(index + 1) - at(index)};
}

template <typename B>
void multiply(const Matrix &a, const B &b, const Matrix &out, bool add, const Thin *thin = nullptr)
{
    const std::int64_t work = a.rows * a.columns * b.columns;
    const std::int64_t threads = at::in_parallel_region() || work < worthThreads ? 1 : at::get_num_threads();
    const auto [down, across] = grid(a.rows, b.columns, threads);
    at::parallel_for(0, threads, 1, [&, down = down, across = across](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            const auto [row, rows] = share(a.rows, i / across, down);
            const auto [column, columns] = share(b.columns, i % across, across);
            if (rows > 0 && columns > 0)
                multiplyPart(a, b, thin, out, add, row, rows, column, columns);
        }
    });
}

void multiplyBatch(const at::Tensor &a, const at::Tensor &b, const at::Tensor &out, bool add)
{
    TORCH_CHECK(a.size(0) == b.size(0) && a.size(2) == b.size(1), "batches of matrices that do not fit");
    const std::int64_t batch = a.size(0);
    if (batch < at::get_num_threads()) {
        for (std::int64_t i = 0; i < batch; ++i)
            multiply(matrix(a, i), matrix(b, i), matrix(out, i), add);
        return;
    }
    at::parallel_for(0, batch, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
            multiplyPart(matrix(a, i), matrix(b, i), nullptr, matrix(out, i), add, 0, a.size(1), 0, b.size(2));
    });
}

at::Tensor multiplied(const at::Tensor &a, const at::Tensor &b, at::ScalarType type)
{
    TORCH_CHECK(a.size(1) == b.size(0), "matrices that do not fit");
    at::Tensor out = at::empty({a.size(0), b.size(1)}, a.options().dtype(type));
    multiply(matrix(a), matrix(b), matrix(out), false);
    return out;
}

} // namespace

bool multipliesByKernel(at::ScalarType dtype, at::Device device)
{
    return dtype == at::kBFloat16 && device.is_cpu() && cpuKernels().multipliesBf16;
}

at::Tensor product(const at::Tensor &a, const at::Tensor &b)
{
    return byKernel(a) ? multiplied(a, b, a.scalar_type()) : at::mm(a, b.to(a.scalar_type()));
}

at::Tensor wideProduct(const at::Tensor &a, const at::Tensor &b)
{
    if (byKernel(a))
        return multiplied(a, b, at::kFloat);
    if (roundsLate(a))
        return at::mm(a, b, at::kFloat);
    return at::mm(a, b.to(a.scalar_type()));
}

void addProduct(at::Tensor sum, const at::Tensor &a, const at::Tensor &b)
{
    if (byKernel(a))
        multiply(matrix(a), matrix(b), matrix(sum), true);
    else if (sum.scalar_type() == a.scalar_type())
        sum.addmm_(a, b.to(a.scalar_type()));
    else if (roundsLate(a) && sum.scalar_type() == at::kFloat)
        at::addmm_out(sum, sum, a, b, at::kFloat);
    else
        sum.add_(at::mm(a, b.to(a.scalar_type())));
}

void productInto(at::Tensor out, const at::Tensor &a, const at::Tensor &b, const ThinProduct &thin)
{
    TORCH_CHECK(a.size(1) == b.size(0) && thin.a.size(0) == a.size(0) && thin.a.size(1) == thin.b.size(0) &&
                    thin.b.size(1) == b.size(1) && out.size(0) == a.size(0) && out.size(1) == b.size(1),
                "matrices that do not fit");
    const Thin second{matrix(thin.a), matrix(thin.b), thin.mask ? &*thin.mask : nullptr};
    multiply(matrix(a), matrix(b), matrix(out), false, &second);
}

bool multipliesNf4(const at::Tensor &a, const std::vector<Nf4Tensor> &weights)
{
    return cpuKernels().nf4Gemm && byKernel(a) && a.stride(1) == 1 && !weights.empty() &&
           weights.front().in % 64 == 0;
}

at::Tensor nf4Product(const at::Tensor &a, const std::vector<Nf4Tensor> &weights, bool transposed,
                      const std::optional<ThinProduct> &thin)
{
    Nf4Stack stack;
    stack.transposed = transposed;
    std::int64_t out = 0;
    for (const Nf4Tensor &w : weights) {
        stack.parts.push_back(w.view());
        stack.firstRows.push_back(out);
        out += w.out;
    }
    const std::int64_t in = weights.front().in;
    stack.rows = transposed ? in : out;
    stack.columns = transposed ? out : in;
    TORCH_CHECK(a.size(1) == stack.rows, "matrices that do not fit");
    at::Tensor result = at::empty({a.size(0), stack.columns}, a.options());
    if (thin) {
        const Thin second{matrix(thin->a), matrix(thin->b), thin->mask ? &*thin->mask : nullptr};
        multiply(matrix(a), stack, matrix(result), false, &second);
    } else {
        multiply(matrix(a), stack, matrix(result), false);
    }
    return result;
}

at::Tensor batchProduct(const at::Tensor &a, const at::Tensor &b)
{
    if (!byKernel(a))
        return at::bmm(a, b.to(a.scalar_type()));
    at::Tensor out = at::empty({a.size(0), a.size(1), b.size(2)}, a.options());
    multiplyBatch(a, b, out, false);
    return out;
}

void addBatchProduct(at::Tensor sum, const at::Tensor &a, const at::Tensor &b)
{
    if (byKernel(a))
        multiplyBatch(a, b, sum, true);
    else
        sum.add_(at::bmm(a, b.to(a.scalar_type())));
}

} // namespace attune
