#include "core/model/language_model.h"
#include "core/model/linear_torch.h"

#include <ATen/ATen.h>
#include <QtTest>
#include <c10/core/GradMode.h>
#include <functional>

using namespace attune;

namespace {

double worst(const at::Tensor &a, const at::Tensor &b)
{
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

struct Case {
    std::vector<at::Tensor> weights;
    std::vector<at::Tensor> a;
    std::vector<at::Tensor> b;
    LoraGroup lora;
};

/// Three projections of one input with LoRA on the given ones, all in double.
Case makeCase(const std::vector<int> &targets, std::int64_t in = 64, std::int64_t rank = 3)
{
    Case c;
    const std::vector<std::int64_t> outs = {7, 5, 6};
    c.lora.rank = rank;
    c.lora.scale = 1.5;
    std::vector<at::Tensor> as;
    std::int64_t row = 0;
    for (int i = 0; i < 3; ++i) {
        c.weights.push_back(at::randn({outs[std::size_t(i)], in}, at::kDouble));
        c.a.push_back(at::randn({rank, in}, at::kDouble).requires_grad_());
        c.b.push_back(at::randn({outs[std::size_t(i)], rank}, at::kDouble).requires_grad_());
        if (std::find(targets.begin(), targets.end(), i) != targets.end()) {
            LoraGroup::Part part;
            part.projection = static_cast<Projection>(i);
            part.rowBegin = row;
            part.out = outs[std::size_t(i)];
            part.column = c.lora.columns();
            part.b = c.b.back().detach().clone();
            part.bGradient = at::zeros_like(part.b);
            c.lora.parts.push_back(part);
            as.push_back(c.a.back().detach());
        }
        row += outs[std::size_t(i)];
    }
    c.lora.a = at::cat(as, 0);
    c.lora.aGradient = at::zeros_like(c.lora.a);
    c.lora.refresh(row, at::kDouble);
    return c;
}

/// Whether dx is the gradient of sum(forward(x) dy): along a random direction, by differences.
bool isGradient(const at::Tensor &dx, const at::Tensor &x, const at::Tensor &dy,
                const std::function<at::Tensor(const at::Tensor &)> &forward)
{
    const at::Tensor direction = at::randn(x.sizes(), at::kDouble);
    const double h = 1e-6;
    const double slope =
        ((forward(x + h * direction) - forward(x - h * direction)) * dy).sum().item<double>() / (2 * h);
    return std::abs(slope - (dx * direction).sum().item<double>()) < 1e-6 * std::abs(slope) + 1e-6;
}

} // namespace

class TestLinear : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() { at::manual_seed(11); }

    void gradientsEqualAutograd_data()
    {
        QTest::addColumn<QList<int>>("targets");
        QTest::addColumn<bool>("nf4");
        QTest::newRow("all") << QList<int>{0, 1, 2} << false;
        QTest::newRow("some") << QList<int>{0, 2} << false;
        QTest::newRow("all, NF4") << QList<int>{0, 1, 2} << true;
    }
    void gradientsEqualAutograd()
    {
        QFETCH(QList<int>, targets);
        QFETCH(bool, nf4);
        Case c = makeCase(std::vector<int>(targets.begin(), targets.end()));
        const LinearGroup group = LinearGroup::fromDense(c.weights, {}, {at::kDouble, at::kCPU, nf4, true});
        DequantScratch scratch;
        const at::Tensor w = group.weight(scratch).clone(); // what NF4 makes of it
        const at::Tensor x = at::randn({9, 64}, at::kDouble).requires_grad_();
        std::vector<at::Tensor> outs;
        std::int64_t row = 0;
        for (int i = 0; i < 3; ++i) {
            const std::int64_t n = c.weights[std::size_t(i)].size(0);
            at::Tensor y = at::matmul(x, w.narrow(0, row, n).t());
            if (targets.contains(i))
                y = y + 1.5 * at::matmul(at::matmul(x, c.a[std::size_t(i)].t()), c.b[std::size_t(i)].t());
            outs.push_back(y);
            row += n;
        }
        const at::Tensor plain = at::cat(outs, 1);
        const at::Tensor dy = at::randn(plain.sizes(), at::kDouble);
        plain.backward(dy);

        c10::NoGradGuard guard;
        at::Tensor u;
        QVERIFY(worst(group.forward(x, c.lora, {}, scratch, &u), plain) < 1e-11);
        const at::Tensor dx = group.backward(dy, x, u, c.lora, {}, true, scratch);
        QVERIFY(worst(dx, x.grad()) < 1e-11);
        for (const LoraGroup::Part &part : c.lora.parts) {
            const auto i = static_cast<std::size_t>(part.projection);
            QVERIFY(worst(c.lora.aGradient.narrow(0, part.column, 3), c.a[i].grad()) < 1e-10);
            QVERIFY(worst(part.bGradient, c.b[i].grad()) < 1e-10);
        }
        QVERIFY(!group.backward(dy, x, u, c.lora, {}, false, scratch).defined());
    }

    void dropoutDrawsTheSameMasksAgain()
    {
        Case c = makeCase({0, 1, 2});
        const LinearGroup group = LinearGroup::fromDense(c.weights, {}, {at::kDouble, at::kCPU, false, false});
        DequantScratch scratch;
        const at::Tensor x = at::randn({9, 64}, at::kDouble);
        const Dropout dropout{0.5, 99};
        at::Tensor u;
        const at::Tensor y = group.forward(x, c.lora, dropout, scratch, &u);
        QVERIFY(worst(group.forward(x, c.lora, dropout, scratch), y) == 0);
        QVERIFY(worst(group.forward(x, c.lora, {0.5, 100}, scratch), y) > 1e-3);

        // The gradient is that of this very forward pass.
        const at::Tensor dy = at::randn(y.sizes(), at::kDouble);
        const at::Tensor dx = group.backward(dy, x, u, c.lora, dropout, true, scratch);
        QVERIFY(
            isGradient(dx, x, dy, [&](const at::Tensor &at) { return group.forward(at, c.lora, dropout, scratch); }));
    }

    void keptWeightsAreThoseMadeForEachProduct()
    {
        Case c = makeCase({0, 1, 2});
        LinearGroup::Options options{at::kBFloat16, at::kCPU, true, true};
        const LinearGroup made = LinearGroup::fromDense(c.weights, {}, options);
        options.keepDequantized = true;
        const LinearGroup kept = LinearGroup::fromDense(c.weights, {}, options);
        DequantScratch scratch;
        DequantScratch unused;
        QVERIFY(at::equal(kept.weight(unused), made.weight(scratch)));
        QCOMPARE(unused.bytes(), 0);
        QCOMPARE(kept.bytes(), made.bytes() + kept.in() * kept.out() * 2);
    }

    /// DoRA by autograd on the formula of its paper: m (W + s B A) / |W + s B A|, the norm held constant.
    void doraGradientsEqualAutograd_data()
    {
        QTest::addColumn<QList<int>>("targets");
        QTest::addColumn<bool>("bias");
        QTest::newRow("all") << QList<int>{0, 1, 2} << false;
        QTest::newRow("some, bias") << QList<int>{0, 2} << true;
    }
    void doraGradientsEqualAutograd()
    {
        QFETCH(QList<int>, targets);
        QFETCH(bool, bias);
        Case c = makeCase(std::vector<int>(targets.begin(), targets.end()));
        const at::Tensor b = bias ? at::randn({18}, at::kDouble) : at::Tensor();
        const LinearGroup group = LinearGroup::fromDense(c.weights, b, {at::kDouble, at::kCPU, false, false});
        std::vector<at::Tensor> magnitudes(3);
        for (auto &part : c.lora.parts) {
            auto &m = magnitudes[static_cast<std::size_t>(part.projection)];
            m = (at::rand({part.out}, at::kDouble) + 0.5).requires_grad_();
            part.magnitude = m.detach().clone();
            part.magnitudeGradient = at::zeros_like(part.magnitude);
        }
        DequantScratch scratch;
        group.refreshGain(c.lora, scratch);
        const at::Tensor x = at::randn({9, 64}, at::kDouble).requires_grad_();
        std::vector<at::Tensor> outs;
        for (std::size_t i = 0; i < 3; ++i) {
            at::Tensor w = c.weights[i];
            if (targets.contains(static_cast<int>(i))) {
                w = w + 1.5 * at::matmul(c.b[i], c.a[i]);
                w = (magnitudes[i] / w.detach().norm(2, 1)).unsqueeze(1) * w;
            }
            outs.push_back(at::matmul(x, w.t()));
        }
        at::Tensor plain = at::cat(outs, 1);
        if (bias)
            plain = plain + b;
        const at::Tensor dy = at::randn(plain.sizes(), at::kDouble);
        plain.backward(dy);

        c10::NoGradGuard guard;
        at::Tensor u;
        QVERIFY(worst(group.forward(x, c.lora, {}, scratch, &u), plain) < 1e-11);
        QVERIFY(worst(group.backward(dy, x, u, c.lora, {}, true, scratch), x.grad()) < 1e-10);
        for (const LoraGroup::Part &part : c.lora.parts) {
            const auto i = static_cast<std::size_t>(part.projection);
            QVERIFY(worst(c.lora.aGradient.narrow(0, part.column, 3), c.a[i].grad()) < 1e-10);
            QVERIFY(worst(part.bGradient, c.b[i].grad()) < 1e-10);
            QVERIFY(worst(part.magnitudeGradient, magnitudes[i].grad()) < 1e-10);
        }
    }

    /// One token at a time goes through the matrix-vector kernels, a prompt through the products: both give the same.
    void doraAnswersAsItReads()
    {
        for (const bool nf4 : {false, true}) {
            Case c = makeCase({0, 2});
            const LinearGroup group = LinearGroup::fromDense(c.weights, {}, {at::kBFloat16, at::kCPU, nf4, true});
            for (auto &part : c.lora.parts) {
                part.b = part.b.to(at::kFloat);
                part.magnitude = at::rand({part.out}, at::kFloat) + 0.5;
            }
            c.lora.a = c.lora.a.to(at::kFloat);
            c.lora.refresh(18, at::kBFloat16);
            DequantScratch scratch;
            group.refreshGain(c.lora, scratch);
            const at::Tensor x = at::randn({20, 64}, at::kBFloat16);
            const at::Tensor many = group.forward(x, c.lora, {}, scratch);
            const at::Tensor few = group.forward(x.narrow(0, 3, 2), c.lora, {}, scratch);
            const double size = many.abs().max().item<double>();
            QVERIFY(worst(few, many.narrow(0, 3, 2)) < 0.03 * size);
        }
    }

    void doraWithDropoutHasTheGradientOfItsOwnForwardPass()
    {
        Case c = makeCase({0, 1, 2});
        for (auto &part : c.lora.parts) {
            part.magnitude = at::rand({part.out}, at::kDouble) + 0.5;
            part.magnitudeGradient = at::zeros_like(part.magnitude);
        }
        const LinearGroup group = LinearGroup::fromDense(c.weights, {}, {at::kDouble, at::kCPU, false, false});
        DequantScratch scratch;
        group.refreshGain(c.lora, scratch);
        const Dropout dropout{0.4, 7};
        const at::Tensor x = at::randn({9, 64}, at::kDouble);
        at::Tensor u;
        const at::Tensor y = group.forward(x, c.lora, dropout, scratch, &u);
        const at::Tensor dy = at::randn(y.sizes(), at::kDouble);
        const at::Tensor dx = group.backward(dy, x, u, c.lora, dropout, true, scratch);
        QVERIFY(
            isGradient(dx, x, dy, [&](const at::Tensor &at) { return group.forward(at, c.lora, dropout, scratch); }));
        const double h = 1e-6;
        // The gain scales linearly with the magnitude, so its gradient is the rest of the product.
        for (auto &part : c.lora.parts) {
            const at::Tensor held = part.magnitude.clone();
            part.magnitude.add_(h);
            group.refreshGain(c.lora, scratch);
            const at::Tensor more = group.forward(x, c.lora, dropout, scratch);
            const double change = ((more - y) * dy).sum().item<double>() / h;
            QVERIFY(std::abs(change - part.magnitudeGradient.sum().item<double>()) < 1e-4 * std::abs(change) + 1e-4);
            part.magnitude.copy_(held);
            group.refreshGain(c.lora, scratch);
        }
    }

    void aNewAdapterChangesNothing()
    {
        Case c = makeCase({0, 1, 2});
        for (auto &part : c.lora.parts)
            part.b.zero_();
        c.lora.refresh(18, at::kDouble);
        const LinearGroup group = LinearGroup::fromDense(c.weights, {}, {at::kDouble, at::kCPU, false, false});
        DequantScratch scratch;
        const at::Tensor x = at::randn({9, 64}, at::kDouble);
        QVERIFY(worst(group.forward(x, c.lora, {}, scratch), group.forward(x, {}, {}, scratch)) == 0);
    }

    void fewRowsGoThroughKernelsWithTheSameResult()
    {
        // One to eight rows of bfloat16 take the matrix-vector kernels, more the dequantised product.
        std::vector<at::Tensor> weights = {at::randn({40, 128}), at::randn({24, 128})};
        for (const bool nf4 : {false, true}) {
            const LinearGroup group =
                LinearGroup::fromDense(weights, at::randn({64}, at::kBFloat16), {at::kBFloat16, at::kCPU, nf4, true});
            DequantScratch scratch;
            const at::Tensor x = at::randn({20, 128}, at::kBFloat16);
            const at::Tensor all = group.forward(x, {}, {}, scratch);
            for (const std::int64_t rows : {1, 2, 5, 8}) {
                const at::Tensor part = group.forward(x.narrow(0, 0, rows), {}, {}, scratch);
                const double scale = all.abs().max().item<double>();
                QVERIFY(worst(part, all.narrow(0, 0, rows)) / scale < 0.02);
            }
        }
    }

    void noDequantisedWeightIsKept()
    {
        // Sixteen weights of 8 MiB in bfloat16 (twice that where products are computed in float32): forward and
        // backward over all of them may need one such buffer (and the activations), not sixteen. Measured on the
        // process's high-water mark.
        const std::int64_t n = 2048;
        std::vector<LinearGroup> groups;
        for (int i = 0; i < 16; ++i)
            groups.push_back(LinearGroup::fromDense({at::randn({n, n})}, {}, {at::kBFloat16, at::kCPU, true, true}));
        DequantScratch scratch;
        LoraGroup none;
        const at::Tensor x = at::randn({64, n}).to(at::kBFloat16);
        const auto pass = [&](std::size_t count) {
            std::vector<at::Tensor> inputs = {x};
            for (std::size_t i = 0; i < count; ++i)
                inputs.push_back(groups[i].forward(inputs.back(), none, {}, scratch));
            at::Tensor d = inputs.back();
            for (std::size_t i = count; i-- > 0;)
                d = groups[i].backward(d, inputs[i], {}, none, {}, true, scratch);
        };
        pass(1); // warms up the libraries
        const std::int64_t before = peakMemory();
        pass(16);
        const std::int64_t grown = peakMemory() - before;
        const std::int64_t dense = 2 * n * n;
        QVERIFY2(grown < 4 * dense, qPrintable(QString::number(grown >> 20) + " MiB more"));
        // Nor one at all where the product takes NF4 as it is.
        QCOMPARE(scratch.bytes(), cpuKernels().nf4Gemm ? 0 : dense);
    }
};

QTEST_APPLESS_MAIN(TestLinear)
#include "tst_linear_torch.moc"
