#include "core/model/kernel_check_tools.h"

namespace attune {
namespace {

/// Each method is plain loops beside one call.
class LayerChecks : KernelCheckTools {
public:
    explicit LayerChecks(const CpuKernels &kernels) : KernelCheckTools(kernels) {}

    std::vector<KernelCheck> run()
    {
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
};

} // namespace

std::vector<KernelCheck> layerChecks(const CpuKernels &kernels)
{
    return LayerChecks(kernels).run();
}

} // namespace attune
