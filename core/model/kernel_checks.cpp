#include "core/model/kernel_checks.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace attune {
namespace {

constexpr double bf16Error = 0.01; // two roundings to 8 bits
constexpr double floatError = 1e-5;

using Floats = std::vector<float>;
using Bits = std::vector<Bf16>;

float wide(Bf16 value)
{
    const std::uint32_t bits = std::uint32_t(value) << 16;
    float result = 0;
    std::memcpy(&result, &bits, sizeof result);
    return result;
}

/// Rounded to nearest even.
Bf16 narrow(float value)
{
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    return static_cast<Bf16>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

/// The checks of one level: each method is plain loops beside one call.
class Checks {
public:
    explicit Checks(const CpuKernels &kernels) : m_kernels(kernels) {}

    std::vector<KernelCheck> run()
    {
        nf4();
        nf4Product();
        bf16Product();
        matrixProduct();
        largeProduct();
        norm();
        gate();
        rotation();
        softmax();
        attention();
        loss();
        dropout();
        return std::move(m_checks);
    }

private:
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

    void norm()
    {
        constexpr std::int64_t n = 75, rows = 3;
        const Bits x = randomBits(rows * n);
        const Bits dy = randomBits(rows * n);
        const Floats weight = randomFloats(n);
        Bits y(x.size());
        Floats rstd(rows);
        m_kernels.rmsNorm(x.data(), weight.data(), n, 1e-5F, 0, rows, y.data(), rstd.data());
        Bits dx(x.size(), narrow(0));
        m_kernels.rmsNormBackward(dy.data(), x.data(), weight.data(), rstd.data(), n, 0, rows, dx.data());
        std::vector<double> expected, gradient;
        for (std::size_t r = 0; r < rows; ++r) {
            double squares = 0, along = 0;
            const auto at = [&](std::size_t i) { return double(wide(x[r * n + i])); };
            for (std::size_t i = 0; i < n; ++i)
                squares += at(i) * at(i);
            const double scale = 1 / std::sqrt(squares / double(n) + 1e-5);
            for (std::size_t i = 0; i < n; ++i)
                along += double(wide(dy[r * n + i])) * double(weight[i]) * at(i);
            for (std::size_t i = 0; i < n; ++i) {
                expected.push_back(at(i) * scale * double(weight[i]));
                gradient.push_back(double(wide(dy[r * n + i])) * double(weight[i]) * scale -
                                   at(i) * scale * scale * scale * along / double(n));
            }
        }
        note("RMS norm and its gradient", bf16Error,
             {difference(expected, doubles(y)), difference(gradient, doubles(dx))});
    }

    void gate()
    {
        constexpr std::int64_t n = 37, rows = 3;
        const Bits gateUp = randomBits(2 * rows * n);
        const Bits dOut = randomBits(rows * n);
        Bits out(rows * n);
        Bits d(gateUp.size());
        m_kernels.swiGlu(gateUp.data(), n, 0, rows, out.data());
        m_kernels.swiGluBackward(dOut.data(), gateUp.data(), n, 0, rows, d.data());
        std::vector<double> expected;
        std::vector<double> gradient(gateUp.size());
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t i = 0; i < n; ++i) {
                const double g = double(wide(gateUp[2 * r * n + i]));
                const double u = double(wide(gateUp[(2 * r + 1) * n + i]));
                const double s = 1 / (1 + std::exp(-g));
                const double of = double(wide(dOut[r * n + i]));
                expected.push_back(g * s * u);
                gradient[2 * r * n + i] = of * u * s * (1 + g * (1 - s));
                gradient[(2 * r + 1) * n + i] = of * g * s;
            }
        note("SwiGLU and its gradient", bf16Error,
             {difference(expected, doubles(out)), difference(gradient, doubles(d))});
    }

    void rotation()
    {
        constexpr std::size_t d = 64;
        const Bits x = randomBits(d);
        Floats cosine, sine;
        for (std::size_t i = 0; i < d / 2; ++i) {
            cosine.push_back(std::cos(float(i)));
            sine.push_back(std::sin(float(i)));
        }
        Bits y(d);
        m_kernels.rotate(x.data(), cosine.data(), sine.data(), d, 1.0F, y.data());
        std::vector<double> expected(d);
        for (std::size_t i = 0; i < d / 2; ++i) {
            const double a = double(wide(x[i])), b = double(wide(x[i + d / 2]));
            expected[i] = a * double(cosine[i]) - b * double(sine[i]);
            expected[i + d / 2] = b * double(cosine[i]) + a * double(sine[i]);
        }
        note("rotary embedding", bf16Error, {difference(expected, doubles(y))});
    }

    /// Which keys query `row` of a block sees.
    static bool sees(const SoftmaxRows &shape, std::int64_t row, std::int64_t key)
    {
        const std::int64_t position = shape.firstQuery + row % shape.queries;
        const std::int64_t at = shape.firstKey + key;
        return at <= position && (shape.window == 0 || at > position - shape.window);
    }

    void softmax()
    {
        constexpr float scale = 0.3F;
        const SoftmaxRows shape{6, 45, 3, 42, 0, 20};
        const Bits scores = randomBits(shape.rows * shape.keys, 4);
        const Bits dP = randomBits(shape.rows * shape.keys);
        const Floats delta = randomFloats(shape.rows, 0.1F);
        std::vector<double> p(scores.size()), dS(scores.size()), logs;
        for (std::int64_t r = 0; r < shape.rows; ++r) {
            const auto index = [&](std::int64_t k) { return static_cast<std::size_t>(r * shape.keys + k); };
            double sum = 0;
            for (std::int64_t k = 0; k < shape.keys; ++k)
                sum += sees(shape, r, k) ? std::exp(double(wide(scores[index(k)])) * double(scale)) : 0;
            logs.push_back(std::log(sum));
            for (std::int64_t k = 0; k < shape.keys; ++k) {
                if (!sees(shape, r, k))
                    continue;
                p[index(k)] = std::exp(double(wide(scores[index(k)])) * double(scale)) / sum;
                dS[index(k)] = p[index(k)] * double(scale) *
                               (double(wide(dP[index(k)])) - double(delta[static_cast<std::size_t>(r)]));
            }
        }
        Bits forward = scores;
        Floats lse(static_cast<std::size_t>(shape.rows));
        m_kernels.softmaxRows(forward.data(), shape, scale, 0, shape.rows, lse.data());
        Bits again = scores;
        Bits gradient = dP;
        m_kernels.softmaxRowsBackward(again.data(), gradient.data(), lse.data(), delta.data(), shape, scale, 0,
                                      shape.rows);
        note("softmax and its gradient", bf16Error,
             {difference(p, doubles(forward)), difference(logs, doubles(lse)), difference(p, doubles(again)),
              difference(dS, doubles(gradient))});
    }

    void attention()
    {
        constexpr std::int64_t group = 2, d = 40, keys = 9;
        const Bits q = randomBits(group * d);
        const Bits k = randomBits(keys * d);
        const Bits v = randomBits(keys * d);
        constexpr float scale = 0.2F;
        std::vector<double> expected;
        for (std::size_t g = 0; g < group; ++g) {
            std::vector<double> weights;
            double sum = 0;
            for (std::size_t j = 0; j < keys; ++j) {
                double dot = 0;
                for (std::size_t i = 0; i < d; ++i)
                    dot += double(wide(q[g * d + i])) * double(wide(k[j * d + i]));
                weights.push_back(std::exp(dot * double(scale)));
                sum += weights.back();
            }
            for (std::size_t i = 0; i < d; ++i) {
                double mix = 0;
                for (std::size_t j = 0; j < keys; ++j)
                    mix += weights[j] / sum * double(wide(v[j * d + i]));
                expected.push_back(mix);
            }
        }
        Floats scratch(group * (keys + d));
        Bits out(group * d);
        m_kernels.attendOne(q.data(), group, d, k.data(), v.data(), 0, keys, scale, scratch.data(), out.data());
        note("attention of one token", bf16Error, {difference(expected, doubles(out))});
    }

    void loss()
    {
        constexpr std::int64_t vocabulary = 301, rows = 2;
        constexpr float scale = 0.5F;
        const Bits logits = randomBits(rows * vocabulary, 3);
        const std::vector<std::int64_t> targets = {7, 300};
        std::vector<double> expected, gradient;
        for (std::size_t r = 0; r < rows; ++r) {
            double sum = 0;
            for (std::size_t i = 0; i < vocabulary; ++i)
                sum += std::exp(double(wide(logits[r * vocabulary + i])));
            const auto target = static_cast<std::size_t>(targets[r]);
            expected.push_back(std::log(sum) - double(wide(logits[r * vocabulary + target])));
            for (std::size_t i = 0; i < vocabulary; ++i)
                gradient.push_back(
                    (std::exp(double(wide(logits[r * vocabulary + i]))) / sum - (i == target ? 1 : 0)) *
                    double(scale));
        }
        Bits changed = logits;
        Floats nll(rows);
        m_kernels.crossEntropyRows(changed.data(), vocabulary, targets.data(), scale, 0, rows, nll.data());
        note("cross-entropy and its gradient", bf16Error,
             {difference(expected, doubles(nll)), difference(gradient, doubles(changed))});
    }

    void dropout()
    {
        constexpr std::int64_t count = 20'011;
        const DropoutRule rule{0.25, 11};
        Floats mask(count);
        m_kernels.dropoutMask(rule, 0, count, mask.data());
        const auto kept = std::count_if(mask.begin(), mask.end(), [](float v) { return v != 0; });
        const bool values =
            std::all_of(mask.begin(), mask.end(), [](float v) { return v == 0 || std::abs(v - 1 / 0.75F) < 1e-6F; });
        // Drawn in two pieces it is the same, and applied it drops the same.
        Floats pieces(count);
        m_kernels.dropoutMask(rule, 0, 777, pieces.data());
        m_kernels.dropoutMask(rule, 777, count, pieces.data());
        const Bits x = randomBits(count);
        Bits y(count);
        m_kernels.dropout(rule, x.data(), 0, count, false, y.data());
        std::vector<double> expected;
        for (std::size_t i = 0; i < count; ++i)
            expected.push_back(double(wide(x[i])) * double(mask[i]));
        const double share = double(kept) / double(count);
        note("dropout", bf16Error,
             {std::abs(share - 0.75) < 0.02 && values && pieces == mask ? 0.0 : 1.0,
              difference(expected, doubles(y))});
    }

    const CpuKernels &m_kernels;
    std::mt19937 m_random{5};
    std::vector<KernelCheck> m_checks;
};

} // namespace

std::vector<KernelCheck> checkKernels(const CpuKernels &kernels)
{
    return Checks(kernels).run();
}

} // namespace attune
