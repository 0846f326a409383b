#include "core/model/kernel_check_tools.h"

namespace attune {
namespace {

/// Each method is plain loops beside one call.
class ProductChecks : KernelCheckTools {
public:
    explicit ProductChecks(const CpuKernels &kernels) : KernelCheckTools(kernels) {}

    std::vector<KernelCheck> run()
    {
        nf4();
        nf4Product();
        if (m_kernels.nf4Gemm)
            nf4MatrixProduct();
        bf16Product();
        matrixProduct();
        largeProduct();
        return std::move(m_checks);
    }

private:
    struct Quantised {
        std::vector<std::uint8_t> packed;
        Floats absmax;
        Floats values; ///< restored
        Nf4View view() const
        {
            Nf4View v;
            v.packed = packed.data();
            v.absmax = absmax.data();
            return v;
        }
    };

    /// By plain loops.
    static Quantised quantised(const Floats &x)
    {
        const float *levels = nf4Levels();
        Quantised q;
        for (std::size_t begin = 0; begin < x.size(); begin += 64) {
            float top = 0;
            for (std::size_t i = begin; i < begin + 64; ++i)
                top = std::max(top, std::abs(x[i]));
            q.absmax.push_back(top);
            const float inverse = 1.0F / std::max(top, 1e-38F);
            for (std::size_t i = begin; i < begin + 64; ++i) {
                const float v = x[i] * inverse;
                std::size_t best = 0;
                for (std::size_t code = 1; code < 16; ++code)
                    if (std::abs(double(levels[code]) - double(v)) < std::abs(double(levels[best]) - double(v)))
                        best = code;
                q.values.push_back(levels[best] * top);
                if (i % 2 == 0)
                    q.packed.push_back(static_cast<std::uint8_t>(best << 4));
                else
                    q.packed.back() = static_cast<std::uint8_t>(q.packed.back() | best);
            }
        }
        return q;
    }

    void nf4()
    {
        const Floats x = randomFloats(32 * 64);
        const Quantised expected = quantised(x);
        std::vector<std::uint8_t> packed(expected.packed.size());
        Floats absmax(32);
        m_kernels.quantizeNf4(x.data(), 0, 32, packed.data(), absmax.data());
        note("NF4: quantise", 0, {packed == expected.packed ? 0.0 : 1.0, absmax == expected.absmax ? 0.0 : 1.0});

        Floats restored(x.size());
        Bits rounded(x.size());
        m_kernels.nf4ToFloat(expected.view(), 0, 32, restored.data());
        m_kernels.nf4ToBf16(expected.view(), 0, 32, rounded.data());
        Bits wanted;
        for (const float v : expected.values)
            wanted.push_back(narrow(v));
        note("NF4: dequantise", 0, {restored == expected.values ? 0.0 : 1.0, rounded == wanted ? 0.0 : 1.0});
    }

    /// Double-quantised: the same codes under scales of random codes.
    static Nf4View doublyQuantised(Quantised &weight, std::vector<std::uint8_t> &codes, Floats &absmax2)
    {
        Nf4View view = weight.view();
        view.absmax = nullptr;
        for (std::size_t block = 0; block < weight.absmax.size(); ++block) {
            codes.push_back(static_cast<std::uint8_t>(block * 89 % 256));
            if (block % 256 == 0)
                absmax2.push_back(0.5F + float(block) / 1024);
            const float scale = dynamicCodes()[codes.back()] * absmax2.back() + 1.5F;
            for (std::size_t i = block * 64; i < block * 64 + 64; ++i)
                weight.values[i] *= scale / weight.absmax[block];
        }
        view.absmaxCodes = codes.data();
        view.absmax2 = absmax2.data();
        view.dynamicCode = dynamicCodes();
        view.offset = 1.5F;
        return view;
    }

    void nf4Product()
    {
        constexpr std::int64_t out = 20;
        double worst = 0;
        for (const std::int64_t in : {192, 1344, 4288}) { // whole eights of blocks or not, more than is taken at once
            Quantised weight = quantised(randomFloats(in * out));
            std::vector<std::uint8_t> codes;
            Floats absmax2;
            for (const bool twice : {false, true}) {
                const Nf4View view = twice ? doublyQuantised(weight, codes, absmax2) : weight.view();
                const auto values = doubles(weight.values);
                for (std::int64_t count = 1; count <= mostRows; ++count) {
                    const Bits x = randomBits(count * in);
                    Bits paired(x.size()); // in each block of 64 the even places first
                    for (std::size_t i = 0; i < x.size(); ++i)
                        paired[i / 64 * 64 + i % 2 * 32 + i % 64 / 2] = x[i];
                    Floats y(static_cast<std::size_t>(count * out));
                    m_kernels.nf4MatVec(view, in, 0, out, paired.data(), count, y.data(), out);
                    worst = worse(worst, difference(product(doubles(x), count, values, out, in), doubles(y)));
                }
            }
        }
        note("NF4: product with a few rows", bf16Error, {worst});
    }

    /// Two weights under one another, the same as when they are restored first.
    void nf4MatrixProduct()
    {
        constexpr std::int64_t m = 70, in = 704, upper = 37, out = upper + 52,
                               rank = 5; // deeper than is packed at once
        Quantised first = quantised(randomFloats(upper * in));
        const Quantised second = quantised(randomFloats((out - upper) * in));
        std::vector<std::uint8_t> codes;
        Floats absmax2;
        const std::vector<Nf4View> parts{doublyQuantised(first, codes, absmax2), second.view()};
        const std::vector<std::int64_t> firstRows{0, upper};
        Bits dense(out * in);
        m_kernels.nf4ToBf16(parts[0], 0, upper * in / 64, dense.data());
        m_kernels.nf4ToBf16(parts[1], 0, (out - upper) * in / 64, dense.data() + upper * in);
        double worst = 0;
        for (const bool transposed : {true, false}) {
            const std::int64_t k = transposed ? in : out;
            const std::int64_t n = transposed ? out : in;
            const Bits a = randomBits(m * k);
            const Bits u = randomBits(m * rank);
            const Bits v = randomBits(rank * n);
            const MatrixView left{a.data(), true, k, 1};
            const MatrixView right{dense.data(), true, transposed ? 1 : n, transposed ? k : 1};
            const GemmThin thin{{u.data(), true, rank, 1}, {v.data(), true, n, 1}, rank};
            Floats workspace(static_cast<std::size_t>(m_kernels.gemmWorkspace(m, n, k, rank)));
            Floats expected(m * n);
            Floats y(m * n);
            m_kernels.gemm(left, right, m, n, k, thin, {expected.data(), false, n, false}, workspace.data());
            const Nf4Matrix packed{parts.data(), firstRows.data(), 2, in, transposed};
            m_kernels.nf4Gemm(left, packed, m, n, k, thin, {y.data(), false, n, false}, workspace.data());
            worst = worse(worst, y == expected ? 0.0 : 1.0);
            // The columns from some on, as a thread takes them.
            const std::int64_t from = m_kernels.gemmStep;
            const MatrixView rightPart{dense.data() + from * right.columnStride, true, right.rowStride,
                                       right.columnStride};
            const Nf4Matrix packedPart{parts.data(), firstRows.data(), 2, in, transposed, from};
            m_kernels.gemm(left, rightPart, m, n - from, k, {}, {expected.data(), false, n, false}, workspace.data());
            m_kernels.nf4Gemm(left, packedPart, m, n - from, k, {}, {y.data(), false, n, false}, workspace.data());
            worst = worse(worst, y == expected ? 0.0 : 1.0);
        }
        note("NF4: product of matrices", 0, {worst});
    }

    void bf16Product()
    {
        constexpr std::int64_t out = 19;
        double worst = 0;
        for (const std::int64_t in : {75, 1100}) { // in one piece and in two
            const Bits weight = randomBits(in * out);
            for (std::int64_t count = 1; count <= mostRows; ++count) {
                const Bits x = randomBits(count * in);
                Floats y(static_cast<std::size_t>(count * out));
                m_kernels.bf16MatVec(weight.data(), in, 0, out, x.data(), count, y.data(), out);
                worst = worse(worst, difference(product(doubles(x), count, doubles(weight), out, in), doubles(y)));
            }
        }
        note("bfloat16: product with a few rows", 1e-4, {worst});
    }

    /// x [count, in] times the transpose of w [out, in].
    static std::vector<double> product(const std::vector<double> &x, std::int64_t count, const std::vector<double> &w,
                                       std::int64_t out, std::int64_t in)
    {
        std::vector<double> y(static_cast<std::size_t>(count * out));
        for (std::int64_t m = 0; m < count; ++m)
            for (std::int64_t o = 0; o < out; ++o)
                for (std::int64_t i = 0; i < in; ++i)
                    y[static_cast<std::size_t>(m * out + o)] +=
                        x[static_cast<std::size_t>(m * in + i)] * w[static_cast<std::size_t>(o * in + i)];
        return y;
    }

    void matrixProduct()
    {
        constexpr std::int64_t m = 61, n = 53, k = 71;
        const Bits a = randomBits(m * k);
        const Bits b = randomBits(n * k); // transposed
        constexpr std::int64_t rank = 5;
        Floats workspace(static_cast<std::size_t>(m_kernels.gemmWorkspace(m, n, k, rank)));
        Bits y(m * n);
        Floats sum(m * n, 1.0F);
        const MatrixView left{a.data(), true, k, 1};
        const MatrixView right{b.data(), true, 1, k};
        m_kernels.gemm(left, right, m, n, k, {}, {y.data(), true, n, false}, workspace.data());
        m_kernels.gemm(left, right, m, n, k, {}, {sum.data(), false, n, true}, workspace.data());
        const auto expected = product(doubles(a), m, doubles(b), n, k);
        auto plusOne = expected;
        for (double &v : plusOne)
            v += 1;
        note("bfloat16: product of matrices", bf16Error,
             {difference(expected, doubles(y)), difference(plusOne, doubles(sum)) * (bf16Error / floatError)});

        // With a thin product beside it, whole and with dropout's mask, from some place on.
        const Bits u = randomBits(m * rank);
        const Bits v = randomBits(rank * n);
        Bits vColumns(v.size());
        for (std::int64_t r = 0; r < rank; ++r)
            for (std::int64_t j = 0; j < n; ++j)
                vColumns[static_cast<std::size_t>(j * rank + r)] = v[static_cast<std::size_t>(r * n + j)];
        const DropoutRule rule{0.25, 3};
        constexpr std::int64_t firstPlace = 1000, rowPlaces = 77;
        Floats mask(static_cast<std::size_t>(m * rowPlaces));
        m_kernels.dropoutMask(rule, firstPlace, firstPlace + m * rowPlaces, mask.data() - firstPlace);
        const auto thin = product(doubles(u), m, doubles(vColumns), n, rank);
        auto joint = expected;
        auto masked = expected;
        for (std::int64_t i = 0; i < m; ++i)
            for (std::int64_t j = 0; j < n; ++j) {
                const auto at = static_cast<std::size_t>(i * n + j);
                joint[at] += thin[at];
                masked[at] += thin[at] * double(mask[static_cast<std::size_t>(i * rowPlaces + j)]);
            }
        GemmThin second{{u.data(), true, rank, 1}, {v.data(), true, n, 1}, rank, nullptr, firstPlace, rowPlaces};
        Floats jointSum(m * n);
        Floats maskedSum(m * n);
        m_kernels.gemm(left, right, m, n, k, second, {jointSum.data(), false, n, false}, workspace.data());
        second.mask = &rule;
        m_kernels.gemm(left, right, m, n, k, second, {maskedSum.data(), false, n, false}, workspace.data());
        note("bfloat16: product with a thin one beside it", floatError,
             {difference(joint, doubles(jointSum)), difference(masked, doubles(maskedSum))});
    }

    /// Of a size from which on some levels compute in whole numbers.
    void largeProduct()
    {
        constexpr std::int64_t m = 150, n = 133, k = 135;
        const Bits a = randomBits(m * k);
        const Bits b = randomBits(n * k);
        const auto transposed = [](const Bits &x, std::int64_t rows, std::int64_t columns) {
            Bits t(x.size());
            for (std::int64_t i = 0; i < rows; ++i)
                for (std::int64_t j = 0; j < columns; ++j)
                    t[static_cast<std::size_t>(j * rows + i)] = x[static_cast<std::size_t>(i * columns + j)];
            return t;
        };
        const Bits aColumns = transposed(a, m, k);
        const Bits bRows = transposed(b, n, k);
        const auto expected = product(doubles(a), m, doubles(b), n, k);
        Floats workspace(static_cast<std::size_t>(m_kernels.gemmWorkspace(m, n, k, 0)));
        double worst = 0;
        for (const MatrixView &left : {MatrixView{a.data(), true, k, 1}, MatrixView{aColumns.data(), true, 1, m}})
            for (const MatrixView &right : {MatrixView{b.data(), true, 1, k}, MatrixView{bRows.data(), true, n, 1}}) {
                Floats y(m * n);
                m_kernels.gemm(left, right, m, n, k, {}, {y.data(), false, n, false}, workspace.data());
                worst = worse(worst, difference(expected, doubles(y)));
            }
        note("bfloat16: product of large matrices", 1e-3, {worst});
    }
};

} // namespace

std::vector<KernelCheck> productChecks(const CpuKernels &kernels)
{
    return ProductChecks(kernels).run();
}

} // namespace attune
