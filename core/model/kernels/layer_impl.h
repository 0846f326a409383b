// The element-wise parts of a layer: part of kernels_impl.h, see there.

void rmsNorm(const Bf16 *x, const float *weight, std::int64_t n, float eps, std::int64_t begin, std::int64_t end,
             Bf16 *y, float *rstd)
{
    for (std::int64_t row = begin; row < end; ++row) {
        const Bf16 *in = x + row * n;
        Vf squares = {};
        forVectors(n, [&](std::int64_t i, std::int64_t count) {
            const Vf v = loadPart(in + i, count);
            squares += v * v;
        });
        const float r = 1.0F / __builtin_sqrtf(sum(squares) / static_cast<float>(n) + eps);
        if (rstd)
            rstd[row] = r;
        forVectors(n, [&](std::int64_t i, std::int64_t count) {
            storePart(y + row * n + i, loadPart(in + i, count) * r * loadPart(weight + i, count), count);
        });
    }
}

void rmsNormBackward(const Bf16 *dy, const Bf16 *x, const float *weight, const float *rstd, std::int64_t n,
                     std::int64_t begin, std::int64_t end, Bf16 *dx)
{
    for (std::int64_t row = begin; row < end; ++row) {
        const std::int64_t at = row * n;
        Vf dot = {};
        forVectors(n, [&](std::int64_t i, std::int64_t count) {
            dot += loadPart(dy + at + i, count) * loadPart(weight + i, count) * loadPart(x + at + i, count);
        });
        const float r = rstd[row];
        const float pull = sum(dot) * r * r * r / static_cast<float>(n);
        forVectors(n, [&](std::int64_t i, std::int64_t count) {
            const Vf through = loadPart(dy + at + i, count) * loadPart(weight + i, count) * r;
            storePart(dx + at + i,
                      loadPart(dx + at + i, count) + through - loadPart(x + at + i, count) * pull, count);
        });
    }
}

inline Vf sigmoid(Vf x)
{
    return 1.0F / (1.0F + exponential(-x));
}

void swiGlu(const Bf16 *gateUp, std::int64_t n, std::int64_t begin, std::int64_t end, Bf16 *out)
{
    for (std::int64_t row = begin; row < end; ++row) {
        const Bf16 *in = gateUp + row * 2 * n;
        forVectors(n, [&](std::int64_t i, std::int64_t count) {
            const Vf gate = loadPart(in + i, count);
            storePart(out + row * n + i, gate * sigmoid(gate) * loadPart(in + n + i, count), count);
        });
    }
}

void swiGluBackward(const Bf16 *dOut, const Bf16 *gateUp, std::int64_t n, std::int64_t begin, std::int64_t end,
                    Bf16 *dGateUp)
{
    for (std::int64_t row = begin; row < end; ++row) {
        const Bf16 *in = gateUp + row * 2 * n;
        Bf16 *to = dGateUp + row * 2 * n;
        forVectors(n, [&](std::int64_t i, std::int64_t count) {
            const Vf gate = loadPart(in + i, count);
            const Vf up = loadPart(in + n + i, count);
            const Vf d = loadPart(dOut + row * n + i, count);
            const Vf s = sigmoid(gate);
            storePart(to + i, d * up * s * (1.0F + gate * (1.0F - s)), count);
            storePart(to + n + i, d * gate * s, count);
        });
    }
}

void rotate(const Bf16 *in, const float *cosine, const float *sine, std::int64_t d, float sign, Bf16 *out)
{
    const std::int64_t half = d / 2;
    forVectors(half, [&](std::int64_t i, std::int64_t count) {
        const Vf a = loadPart(in + i, count);
        const Vf b = loadPart(in + half + i, count);
        const Vf c = loadPart(cosine + i, count);
        const Vf s = loadPart(sine + i, count) * sign;
        storePart(out + i, a * c - b * s, count);
        storePart(out + half + i, b * c + a * s, count);
    });
}
