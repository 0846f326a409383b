// Every hand-written backward pass against plain autograd in double, and the bfloat16 kernels against the double
// formulas.

#include "core/model/ops_torch.h"

#include <ATen/ATen.h>
#include <QtTest>
#include <c10/core/GradMode.h>

using namespace attune;

namespace {

at::Tensor random(at::IntArrayRef shape)
{
    return at::randn(shape, at::kDouble);
}

double worst(const at::Tensor &a, const at::Tensor &b)
{
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

/// Difference relative to the largest value expected, or to 1/2 where all should be next to nothing.
double relative(const at::Tensor &got, const at::Tensor &expected)
{
    return worst(got, expected) / std::max(0.5, expected.to(at::kDouble).abs().max().item<double>());
}

at::Tensor plainAttention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, std::int64_t window)
{
    const std::int64_t group = q.size(1) / k.size(1);
    const std::int64_t time = q.size(2);
    const at::Tensor kk = k.repeat_interleave(group, 1);
    const at::Tensor vv = v.repeat_interleave(group, 1);
    at::Tensor scores = at::matmul(q, kk.transpose(2, 3)) / std::sqrt(double(q.size(3)));
    const at::Tensor i = at::arange(time).unsqueeze(1);
    const at::Tensor j = at::arange(time).unsqueeze(0);
    at::Tensor hidden = j > i;
    if (window > 0)
        hidden = hidden.logical_or(j <= i - window);
    scores = scores.masked_fill(hidden, -INFINITY);
    const at::Tensor out = at::matmul(at::softmax(scores, -1), vv);
    return out.transpose(1, 2).reshape({q.size(0) * time, q.size(1) * q.size(3)});
}

} // namespace

class TestOps : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() { at::manual_seed(7); }

    void rmsNormGradientEqualsAutograd()
    {
        const at::Tensor x = random({5, 12}).requires_grad_();
        const at::Tensor w = random({12});
        const at::Tensor dy = random({5, 12});
        const at::Tensor plain = x * at::rsqrt(x.pow(2).mean(-1, true) + 1e-5) * w;
        plain.backward(dy);
        c10::NoGradGuard guard;
        at::Tensor rstd;
        QVERIFY(worst(rmsNorm(x, w, 1e-5, &rstd), plain) < 1e-12);
        at::Tensor dx = at::ones({5, 12}, at::kDouble); // it adds
        rmsNormBackward(dy, x, w, rstd, dx);
        QVERIFY(worst(dx - 1, x.grad()) < 1e-12);
    }

    void swiGluGradientEqualsAutograd()
    {
        const at::Tensor x = random({4, 14}).requires_grad_();
        const at::Tensor dy = random({4, 7});
        const at::Tensor plain = at::silu(x.narrow(1, 0, 7)) * x.narrow(1, 7, 7);
        plain.backward(dy);
        c10::NoGradGuard guard;
        QVERIFY(worst(swiGlu(x), plain) < 1e-12);
        QVERIFY(worst(swiGluBackward(dy, x), x.grad()) < 1e-12);
    }

    void rotationGradientEqualsAutograd()
    {
        const HeadShape shape{2, 5, 4, 2, 6};
        const RotaryTable table = makeRotaryTable(8, 6, 10000.0, at::kCPU, at::kDouble);
        const at::Tensor qkv = random({10, 8 * 6}).requires_grad_();
        const Heads heads = splitHeads(qkv, shape, table, 0);
        const Heads d{random(heads.q.sizes()), random(heads.k.sizes()), random(heads.v.sizes())};
        ((heads.q * d.q).sum() + (heads.k * d.k).sum() + (heads.v * d.v).sum()).backward();
        c10::NoGradGuard guard;
        QVERIFY(worst(joinHeads(d, shape, table, 0), qkv.grad()) < 1e-12);
    }

    void rotationTurnsPairsOfTheTwoHalves()
    {
        // Plain loops: position 3, head of 4, frequencies 1 and 1/100.
        const RotaryTable table = makeRotaryTable(4, 4, 10000.0, at::kCPU, at::kDouble);
        const at::Tensor x = at::tensor({1.0, 2.0, 3.0, 4.0}, at::kDouble).view({1, 4});
        const at::Tensor three = at::cat({x, x, x}, 1);
        const Heads heads = splitHeads(three, {1, 1, 1, 1, 4}, table, 3);
        const double expected[4] = {1 * std::cos(3.0) - 3 * std::sin(3.0), 2 * std::cos(0.03) - 4 * std::sin(0.03),
                                    3 * std::cos(3.0) + 1 * std::sin(3.0), 4 * std::cos(0.03) + 2 * std::sin(0.03)};
        for (int i = 0; i < 4; ++i)
            QVERIFY(std::abs(heads.q.view({4})[i].item<double>() - expected[i]) < 1e-12);
        QVERIFY(worst(heads.v.view({1, 4}), x) == 0);
    }

    void attentionAndItsGradientEqualAutograd_data()
    {
        QTest::addColumn<int>("heads");
        QTest::addColumn<int>("kvHeads");
        QTest::addColumn<int>("time");
        QTest::addColumn<int>("window");
        QTest::newRow("one head") << 1 << 1 << 9 << 0;
        QTest::newRow("grouped") << 6 << 2 << 17 << 0;
        QTest::newRow("several blocks") << 2 << 1 << 300 << 0;
        QTest::newRow("window inside a block") << 4 << 2 << 40 << 5;
        QTest::newRow("window over blocks") << 2 << 2 << 290 << 131;
        QTest::newRow("window of one") << 2 << 1 << 6 << 1;
    }
    void attentionAndItsGradientEqualAutograd()
    {
        QFETCH(int, heads);
        QFETCH(int, kvHeads);
        QFETCH(int, time);
        QFETCH(int, window);
        const at::Tensor q = random({2, heads, time, 8}).requires_grad_();
        const at::Tensor k = random({2, kvHeads, time, 8}).requires_grad_();
        const at::Tensor v = random({2, kvHeads, time, 8}).requires_grad_();
        const at::Tensor plain = plainAttention(q, k, v, window);
        const at::Tensor dOut = random(plain.sizes());
        plain.backward(dOut);
        c10::NoGradGuard guard;
        at::Tensor lse;
        const Heads input{q, k, v};
        const at::Tensor out = attention(input, window, 0, &lse);
        QVERIFY(worst(out, plain) < 1e-11);
        const Heads gradient = attentionBackward(dOut, out, lse, input, window, 0);
        QVERIFY(worst(gradient.q, q.grad()) < 1e-11);
        QVERIFY(worst(gradient.k, k.grad()) < 1e-11);
        QVERIFY(worst(gradient.v, v.grad()) < 1e-11);

        // The bfloat16 path: within bfloat16's own rounding (8 bits) of the exact values.
        const auto narrow = [](const at::Tensor &t) { return t.detach().to(at::kBFloat16).contiguous(); };
        const Heads rounded{narrow(q), narrow(k), narrow(v)};
        at::Tensor lse16;
        const at::Tensor out16 = attention(rounded, window, 0, &lse16);
        QVERIFY(relative(out16, plain) < 0.03);
        const Heads gradient16 = attentionBackward(narrow(dOut), out16, lse16, rounded, window, 0);
        QVERIFY(relative(gradient16.q, q.grad()) < 0.05);
        QVERIFY(relative(gradient16.k, k.grad()) < 0.05);
        QVERIFY(relative(gradient16.v, v.grad()) < 0.05);
    }

    void attentionWithAnOffsetContinuesTheWhole()
    {
        // The last rows of a sequence, computed alone on the keys of all, as decoding does.
        for (const std::int64_t window : {0, 7}) {
            const Heads all{random({1, 4, 33, 8}), random({1, 2, 33, 8}), random({1, 2, 33, 8})};
            const at::Tensor whole = attention(all, window, 0);
            const Heads tail{all.q.narrow(2, 30, 3).contiguous(), all.k, all.v};
            QVERIFY(worst(attention(tail, window, 30), whole.narrow(0, 30, 3)) < 1e-12);
        }
    }

    void crossEntropyEqualsAutograd()
    {
        const at::Tensor logits = (random({6, 50}) * 3).requires_grad_();
        const at::Tensor targets = at::tensor({3, 49, 0, 7, 7, 21}, at::kLong);
        const at::Tensor nll = at::nll_loss(at::log_softmax(logits, -1), targets, {}, at::Reduction::Sum);
        (nll * 0.25).backward();
        c10::NoGradGuard guard;
        at::Tensor copy = logits.detach().clone();
        QVERIFY(std::abs(crossEntropy(copy, targets, 0.25) - nll.item<double>()) < 1e-10);
        QVERIFY(worst(copy, logits.grad()) < 1e-12);
        at::Tensor untouched = logits.detach().clone();
        crossEntropy(untouched, targets, 0);
        QVERIFY(worst(untouched, logits) == 0);
        at::Tensor narrow = logits.detach().to(at::kBFloat16).contiguous();
        QVERIFY(std::abs(crossEntropy(narrow, targets, 0.25) - nll.item<double>()) < 0.2);
        QVERIFY(relative(narrow, logits.grad()) < 0.02);
    }

    void bfloat16KernelsEqualTheFormulas()
    {
        // Odd lengths reach the kernels' tails.
        for (const std::int64_t n : {16, 31, 64, 67}) {
            const at::Tensor x = random({9, n}).to(at::kBFloat16);
            const at::Tensor w = random({n}).to(at::kFloat);
            const at::Tensor dy = random({9, n}).to(at::kBFloat16);
            at::Tensor rstd;
            at::Tensor exactRstd;
            const at::Tensor wide = x.to(at::kDouble);
            const at::Tensor exact = rmsNorm(wide, w.to(at::kDouble), 1e-6, &exactRstd);
            QVERIFY(relative(rmsNorm(x, w, 1e-6, &rstd), exact) < 0.005);
            QVERIFY(relative(rstd, exactRstd) < 1e-5);
            at::Tensor dx = at::zeros_like(x);
            rmsNormBackward(dy, x, w, rstd, dx);
            at::Tensor exactDx = at::zeros_like(wide);
            rmsNormBackward(dy.to(at::kDouble), wide, w.to(at::kDouble), exactRstd, exactDx);
            QVERIFY(relative(dx, exactDx) < 0.01);

            const at::Tensor gateUp = random({9, 2 * n}).mul(4).to(at::kBFloat16);
            QVERIFY(relative(swiGlu(gateUp), swiGlu(gateUp.to(at::kDouble))) < 0.005);
            QVERIFY(relative(swiGluBackward(dy, gateUp),
                             swiGluBackward(dy.to(at::kDouble), gateUp.to(at::kDouble))) < 0.005);
        }
    }

    void aNotANumberStaysOne()
    {
        at::Tensor x = at::ones({2, 40}, at::kBFloat16);
        x[1][39].fill_(NAN);
        const at::Tensor y = rmsNorm(x, at::ones({40}), 1e-6);
        QVERIFY(!y[0].isnan().any().item<bool>());
        QVERIFY(y[1].isnan().all().item<bool>());
        at::Tensor logits = at::zeros({1, 20}, at::kBFloat16);
        logits[0][3].fill_(NAN);
        QVERIFY(std::isnan(crossEntropy(logits, at::tensor({1}, at::kLong), 1.0)));
    }
};

QTEST_APPLESS_MAIN(TestOps)
#include "tst_ops_torch.moc"
