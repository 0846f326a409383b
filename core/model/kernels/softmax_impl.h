// What goes over rows of scores: attention and the loss. Part of kernels_impl.h: see there.

struct Visible {
    std::int64_t from;
    std::int64_t to;
};

inline Visible visibleKeys(const SoftmaxRows &shape, std::int64_t row)
{
    const std::int64_t position = shape.firstQuery + row % shape.queries;
    const std::int64_t first = shape.window > 0 && position >= shape.window ? position - shape.window + 1 : 0;
    const std::int64_t from = first > shape.firstKey ? first - shape.firstKey : 0;
    const std::int64_t last = position - shape.firstKey + 1;
    return {from, last < shape.keys ? last : shape.keys};
}

inline void clearOutside(Bf16 *row, Visible visible, std::int64_t keys)
{
    for (std::int64_t i = 0; i < visible.from; ++i)
        row[i] = 0;
    for (std::int64_t i = visible.to; i < keys; ++i)
        row[i] = 0;
}

void softmaxRows(Bf16 *scores, const SoftmaxRows &shape, float scale, std::int64_t begin, std::int64_t end,
                 float *lse)
{
    for (std::int64_t r = begin; r < end; ++r) {
        Bf16 *row = scores + r * shape.keys;
        const Visible visible = visibleKeys(shape, r);
        const std::int64_t n = visible.to - visible.from;
        Bf16 *v = row + visible.from;
        Vf top = splat(-__builtin_inff());
        forVectors(n, [&](std::int64_t i, std::int64_t count) {
            top = larger(loadPart(v + i, count, -__builtin_inff()), top);
        });
        const float m = largest(top) * scale;
        Vf total = {};
        forVectors(n, [&](std::int64_t i, std::int64_t count) {
            const Vf e = exponential(loadPart(v + i, count, -__builtin_inff()) * scale - m);
            // What the last vector is filled up with must not count.
            if (count == lanes)
                total += e;
            else
                for (std::int64_t k = 0; k < count; ++k)
                    total[k] += e[k];
        });
        const float all = sum(total);
        const float logSum = m + __builtin_logf(all);
        forVectors(n, [&](std::int64_t i, std::int64_t count) {
            storePart(v + i, exponential(loadPart(v + i, count) * scale - logSum), count);
        });
        clearOutside(row, visible, shape.keys);
        if (lse)
            lse[r] = logSum;
    }
}

void softmaxRowsBackward(Bf16 *scores, Bf16 *dP, const float *lse, const float *delta, const SoftmaxRows &shape,
                         float scale, std::int64_t begin, std::int64_t end)
{
    for (std::int64_t r = begin; r < end; ++r) {
        Bf16 *row = scores + r * shape.keys;
        Bf16 *dRow = dP + r * shape.keys;
        const Visible visible = visibleKeys(shape, r);
        const std::int64_t n = visible.to - visible.from;
        Bf16 *v = row + visible.from;
        Bf16 *d = dRow + visible.from;
        const float logSum = lse[r];
        const float mean = delta[r];
        forVectors(n, [&](std::int64_t i, std::int64_t count) {
            const Vf p = exponential(loadPart(v + i, count) * scale - logSum);
            const Vf g = p * (loadPart(d + i, count) - mean) * scale;
            storePart(v + i, p, count);
            storePart(d + i, g, count);
        });
        clearOutside(row, visible, shape.keys);
        clearOutside(dRow, visible, shape.keys);
    }
}

/// The weights of `count` keys from their scores: probabilities, in place.
inline void softmaxOne(float *scores, std::int64_t count, float scale)
{
    float top = scores[0];
    for (std::int64_t j = 1; j < count; ++j)
        top = scores[j] > top ? scores[j] : top;
    Vf total = {};
    forVectors(count, [&](std::int64_t j, std::int64_t n) {
        Vf e = exponential((loadPart(scores + j, n) - top) * scale);
        for (std::int64_t k = n; k < lanes; ++k)
            e[k] = 0; // what fills up the last vector does not count
        total += e;
        storePart(scores + j, e, n);
    });
    const float inverse = 1.0F / sum(total);
    forVectors(count, [&](std::int64_t j, std::int64_t n) {
        storePart(scores + j, loadPart(scores + j, n) * inverse, n);
    });
}

/// Four keys at a time, so that their sums are added up across at once; the values' sums stay in registers, eight
/// vectors of a head at a time.
void attendOne(const Bf16 *q, std::int64_t group, std::int64_t d, const Bf16 *keys, const Bf16 *values,
               std::int64_t from, std::int64_t to, float scale, float *scratch, Bf16 *out)
{
    const std::int64_t count = to - from;
    float *scores = scratch;              // [group, count]
    float *wide = scratch + group * count; // q [group, d]
    widen(q, group * d, wide);
    const auto dots = [&]<int n>(std::int64_t j) {
        for (std::int64_t g = 0; g < group; ++g) {
            Vf dot[n] = {};
            forVectors(d, [&](std::int64_t i, std::int64_t part) {
                const Vf x = loadPart(wide + g * d + i, part);
                for (int k = 0; k < n; ++k)
                    dot[k] += x * loadPart(keys + (from + j + k) * d + i, part);
            });
            addUp(dot, n, scores + g * count + j);
        }
    };
    std::int64_t j = 0;
    for (; j + 4 <= count; j += 4)
        dots.template operator()<4>(j);
    for (; j < count; ++j)
        dots.template operator()<1>(j);
    constexpr std::int64_t atOnce = 8 * lanes;
    for (std::int64_t g = 0; g < group; ++g) {
        const float *weights = scores + g * count;
        softmaxOne(scores + g * count, count, scale);
        std::int64_t i = 0;
        for (; i + atOnce <= d; i += atOnce) {
            Vf mix[8] = {};
            for (std::int64_t k = 0; k < count; ++k) {
                const Bf16 *value = values + (from + k) * d + i;
#pragma GCC unroll 8
                for (int v = 0; v < 8; ++v)
                    mix[v] += loadBf16(value + v * lanes) * weights[k];
            }
            for (int v = 0; v < 8; ++v)
                storeBf16(out + g * d + i + v * lanes, mix[v]);
        }
        for (; i < d; i += lanes) {
            const std::int64_t part = smaller(lanes, d - i);
            Vf mix = {};
            for (std::int64_t k = 0; k < count; ++k)
                mix += loadPart(values + (from + k) * d + i, part) * weights[k];
            storePart(out + g * d + i, mix, part);
        }
    }
}

void crossEntropyRows(Bf16 *logits, std::int64_t vocab, const std::int64_t *targets, float gradientScale,
                      std::int64_t begin, std::int64_t end, float *nll)
{
    for (std::int64_t r = begin; r < end; ++r) {
        Bf16 *row = logits + r * vocab;
        const float target = toFloat(row[targets[r]]);
        Vf top = splat(-__builtin_inff());
        forVectors(vocab, [&](std::int64_t i, std::int64_t count) {
            top = larger(loadPart(row + i, count, -__builtin_inff()), top);
        });
        const float m = largest(top);
        Vf total = {};
        forVectors(vocab, [&](std::int64_t i, std::int64_t count) {
            const Vf e = exponential(loadPart(row + i, count) - m);
            if (count == lanes)
                total += e;
            else
                for (std::int64_t k = 0; k < count; ++k)
                    total[k] += e[k];
        });
        const float logSum = m + __builtin_logf(sum(total));
        nll[r] = logSum - target;
        if (gradientScale == 0)
            continue;
        forVectors(vocab, [&](std::int64_t i, std::int64_t count) {
            storePart(row + i, exponential(loadPart(row + i, count) - logSum) * gradientScale, count);
        });
        row[targets[r]] = toBf16((exponential(target - logSum) - 1.0F) * gradientScale);
    }
}
