// Compiled once per processor level (see CMakeLists.txt), so no include guard, and nothing from the standard library that
// could be emitted as a shared inline function: the linker would keep one copy, of any level.
//
// Written with GCC's vector extensions, in vectors as wide as the level's registers. Intrinsics stand where the compiler does
// not find the instruction by itself: conversions between widths, table look-ups, bfloat16 products.

#include "core/model/kernels/kernels.h"

#include <immintrin.h>

#define ATTUNE_KERNELS_NAME_(level) kernels_##level
#define ATTUNE_KERNELS_NAME(level) ATTUNE_KERNELS_NAME_(level)
#define ATTUNE_STRING_(x) #x
#define ATTUNE_STRING(x) ATTUNE_STRING_(x)

#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wold-style-cast" // the intrinsics' own macros

namespace attune::ATTUNE_KERNELS_NAME(ATTUNE_KERNEL_LEVEL) {

extern const CpuKernels table;

namespace {

#if defined(__AVX512F__)
constexpr std::int64_t lanes = 16;
#elif defined(__AVX2__)
constexpr std::int64_t lanes = 8;
#else
constexpr std::int64_t lanes = 4;
#endif

using Vf = float __attribute__((vector_size(lanes * 4)));
using Vi = std::int32_t __attribute__((vector_size(lanes * 4)));
using Vu = std::uint32_t __attribute__((vector_size(lanes * 4)));

template <typename V, typename T>
inline V load(const T *from)
{
    V v;
    __builtin_memcpy(&v, from, sizeof(V));
    return v;
}

template <typename V, typename T>
inline void store(T *to, V v)
{
    __builtin_memcpy(to, &v, sizeof(V));
}

inline Vf splat(float x)
{
    return x - Vf{};
}

inline Vf select(Vi mask, Vf yes, Vf no)
{
    return reinterpret_cast<Vf>((mask & reinterpret_cast<Vi>(yes)) | (~mask & reinterpret_cast<Vi>(no)));
}

inline Vf larger(Vf a, Vf b)
{
    return select(a > b, a, b);
}

inline float sum(Vf v)
{
#if defined(__AVX512F__)
    return _mm512_reduce_add_ps(reinterpret_cast<__m512>(v));
#else
    float total = 0;
    for (int i = 0; i < lanes; ++i)
        total += v[i];
    return total;
#endif
}

inline float largest(Vf v)
{
    float m = v[0];
    for (int i = 1; i < lanes; ++i)
        m = v[i] > m ? v[i] : m;
    return m;
}

inline float toFloat(Bf16 x)
{
    const std::uint32_t bits = static_cast<std::uint32_t>(x) << 16;
    float f;
    __builtin_memcpy(&f, &bits, 4);
    return f;
}

inline Bf16 toBf16(float f)
{
    std::uint32_t bits;
    __builtin_memcpy(&bits, &f, 4);
    if ((bits & 0x7FFFFFFFU) > 0x7F800000U)
        return 0x7FC0; // a NaN must stay one
    return static_cast<Bf16>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

inline Vf loadBf16(const Bf16 *from)
{
#if defined(__AVX512F__)
    const __m256i half = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from));
    return reinterpret_cast<Vf>(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
#elif defined(__AVX2__)
    const __m128i half = _mm_loadu_si128(reinterpret_cast<const __m128i *>(from));
    return reinterpret_cast<Vf>(_mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
#else
    const __m128i half = _mm_loadl_epi64(reinterpret_cast<const __m128i *>(from));
    return reinterpret_cast<Vf>(_mm_unpacklo_epi16(_mm_setzero_si128(), half));
#endif
}

/// `lanes` bytes as integers.
inline Vi loadBytes(const std::uint8_t *from)
{
#if defined(__AVX512F__)
    return reinterpret_cast<Vi>(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(from))));
#elif defined(__AVX2__)
    return reinterpret_cast<Vi>(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i *>(from))));
#else
    return Vi{from[0], from[1], from[2], from[3]};
#endif
}

/// fp32 bits rounded to nearest even at bit 16; the low half is rubbish. Finite values only.
inline Vu roundBits(Vf v)
{
    const Vu bits = reinterpret_cast<Vu>(v);
    return bits + 0x7FFFU + ((bits >> 16) & 1U);
}

inline void storeBf16(Bf16 *to, Vf v)
{
#if defined(__AVX512BF16__)
    store(to, _mm512_cvtneps_pbh(reinterpret_cast<__m512>(v)));
#else
    const Vi isNan = v != v;
    const Vu rounded = (reinterpret_cast<Vu>(isNan) & 0x7FC00000U) | (~reinterpret_cast<Vu>(isNan) & roundBits(v));
    const Vu high = rounded >> 16;
#if defined(__AVX512F__)
    store(to, _mm512_cvtepi32_epi16(reinterpret_cast<__m512i>(high)));
#elif defined(__AVX2__)
    const __m256i wide = reinterpret_cast<__m256i>(high);
    store(to, _mm_packus_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1)));
#else
    for (int i = 0; i < lanes; ++i)
        to[i] = static_cast<Bf16>(high[i]);
#endif
#endif
}

/// e^x to about 2e-7 relative: 2^n times a polynomial on [-ln2/2, ln2/2]; below -87 it is 0 within fp32.
inline Vf exponential(Vf x)
{
    x = select(x < splat(-87.0F), splat(-87.0F), x);
    x = select(x > splat(88.0F), splat(88.0F), x);
    const Vf magic = splat(12582912.0F); // 1.5 * 2^23: adding it rounds to an integer
    const Vf n = (x * 1.44269504088896341F + magic) - magic;
    const Vf r = (x - n * 0.693359375F) - n * -2.12194440e-4F;
    Vf p = splat(1.9875691500e-4F);
    p = p * r + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = p * r * r + r + 1.0F;
    const Vi power = (__builtin_convertvector(n, Vi) + 127) << 23;
    return p * reinterpret_cast<Vf>(power);
}

inline float exponential(float x)
{
    return __builtin_expf(x);
}

/// A row of n values as whole vectors, the last filled up with `fill`.
template <typename F>
inline void forVectors(std::int64_t n, F &&body)
{
    std::int64_t i = 0;
    for (; i + lanes <= n; i += lanes)
        body(i, lanes);
    if (i < n)
        body(i, n - i);
}

inline Vf loadPart(const Bf16 *from, std::int64_t count, float fill = 0)
{
    if (count == lanes)
        return loadBf16(from);
    Vf v = splat(fill);
    for (std::int64_t i = 0; i < count; ++i)
        v[i] = toFloat(from[i]);
    return v;
}

inline Vf loadPart(const float *from, std::int64_t count)
{
    if (count == lanes)
        return load<Vf>(from);
    Vf v = {};
    for (std::int64_t i = 0; i < count; ++i)
        v[i] = from[i];
    return v;
}

inline void storePart(Bf16 *to, Vf v, std::int64_t count)
{
    if (count == lanes) {
        storeBf16(to, v);
        return;
    }
    for (std::int64_t i = 0; i < count; ++i)
        to[i] = toBf16(v[i]);
}

// --- NF4 ---

/// Table entries by index below 16.
struct Levels {
#if defined(__AVX512F__)
    Vf all = load<Vf>(nf4Levels());
    Vf operator[](Vi index) const
    {
        return reinterpret_cast<Vf>(
            _mm512_permutexvar_ps(reinterpret_cast<__m512i>(index), reinterpret_cast<__m512>(all)));
    }
#elif defined(__AVX2__)
    __m256 low = _mm256_loadu_ps(nf4Levels());
    __m256 high = _mm256_loadu_ps(nf4Levels() + 8);
    Vf operator[](Vi index) const
    {
        const auto i = reinterpret_cast<__m256i>(index);
        const __m256 which = _mm256_castsi256_ps(_mm256_slli_epi32(i, 28)); // bit 3 to the sign
        return reinterpret_cast<Vf>(_mm256_blendv_ps(_mm256_permutevar8x32_ps(low, i),
                                                     _mm256_permutevar8x32_ps(high, i), which));
    }
#else
    const float *all = nf4Levels();
    Vf operator[](Vi index) const { return Vf{all[index[0]], all[index[1]], all[index[2]], all[index[3]]}; }
#endif
};

inline float blockScale(const Nf4View &w, std::int64_t block)
{
    if (w.absmax)
        return w.absmax[block];
    return w.dynamicCode[w.absmaxCodes[block]] * w.absmax2[block >> 8] + w.offset;
}

/// `lanes` bytes to the values in their high nibbles (even positions) and low nibbles (odd ones).
struct Pairs {
    Vf even;
    Vf odd;
};

inline Pairs unpack(const std::uint8_t *packed, const Levels &levels)
{
    const Vi bytes = loadBytes(packed);
    return {levels[bytes >> 4], levels[bytes & 15]};
}

void nf4ToBf16(const Nf4View &w, std::int64_t beginBlock, std::int64_t endBlock, Bf16 *out)
{
    const Levels levels;
    for (std::int64_t block = beginBlock; block < endBlock; ++block) {
        const float scale = blockScale(w, block);
        for (std::int64_t byte = 0; byte < 32; byte += lanes) {
            const Pairs p = unpack(w.packed + block * 32 + byte, levels);
            // The even value lies in the low half of a pair, the odd one in the high half.
            const Vu pair = (roundBits(p.odd * scale) & 0xFFFF0000U) | (roundBits(p.even * scale) >> 16);
            store(out + (block - beginBlock) * 64 + byte * 2, pair);
        }
    }
}

void nf4ToFloat(const Nf4View &w, std::int64_t beginBlock, std::int64_t endBlock, float *out)
{
    const Levels levels;
    Vi first;
    for (std::int64_t i = 0; i < lanes; ++i) // 0, n, 1, n + 1, ...: the lower halves of two vectors, interleaved
        first[i] = static_cast<std::int32_t>(i / 2 + (i % 2) * lanes);
    const Vi second = first + static_cast<std::int32_t>(lanes / 2);
    for (std::int64_t block = beginBlock; block < endBlock; ++block) {
        const float scale = blockScale(w, block);
        float *to = out + (block - beginBlock) * 64;
        for (std::int64_t byte = 0; byte < 32; byte += lanes) {
            const Pairs p = unpack(w.packed + block * 32 + byte, levels);
            const Vf even = p.even * scale;
            const Vf odd = p.odd * scale;
            store(to + byte * 2, __builtin_shuffle(even, odd, first));
            store(to + byte * 2 + lanes, __builtin_shuffle(even, odd, second));
        }
    }
}

#if defined(__AVX512BF16__)

template <int count>
void nf4MatVecOf(const Nf4View &w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x, float *y,
                 std::int64_t yStride)
{
    // The 16 levels as bf16, twice, because the lookup takes five bits of each index and only four count.
    alignas(64) Bf16 twice[32];
    for (int i = 0; i < 32; ++i)
        twice[i] = toBf16(nf4Levels()[i & 15]);
    const __m512i levels = _mm512_load_si512(twice);
    const std::int64_t blocks = in / 64;
    for (std::int64_t row = beginRow; row < endRow; ++row) {
        __m512 total[count] = {};
        for (std::int64_t b = 0; b < blocks; ++b) {
            const std::int64_t block = row * blocks + b;
            const __m512 scale = _mm512_set1_ps(blockScale(w, block));
            const __m512i bytes = _mm512_cvtepu8_epi16(
                _mm256_loadu_si256(reinterpret_cast<const __m256i *>(w.packed + block * 32)));
            const auto even =
                reinterpret_cast<__m512bh>(_mm512_permutexvar_epi16(_mm512_srli_epi16(bytes, 4), levels));
            const auto odd = reinterpret_cast<__m512bh>(_mm512_permutexvar_epi16(bytes, levels));
            for (int m = 0; m < count; ++m) {
                const Bf16 *v = x + m * in + b * 64;
                __m512 dot = _mm512_dpbf16_ps(_mm512_setzero_ps(), even,
                                              reinterpret_cast<__m512bh>(_mm512_loadu_si512(v)));
                dot = _mm512_dpbf16_ps(dot, odd, reinterpret_cast<__m512bh>(_mm512_loadu_si512(v + 32)));
                total[m] = _mm512_fmadd_ps(dot, scale, total[m]);
            }
        }
        for (int m = 0; m < count; ++m)
            y[m * yStride + row] = sum(reinterpret_cast<Vf>(total[m]));
    }
}

template <int count>
void bf16MatVecOf(const Bf16 *w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x, float *y,
                  std::int64_t yStride)
{
    for (std::int64_t row = beginRow; row < endRow; ++row) {
        const Bf16 *r = w + row * in;
        __m512 total[count] = {};
        for (std::int64_t i = 0; i < in; i += 32) {
            const __mmask32 mask = in - i >= 32 ? ~0U : (1U << (in - i)) - 1U;
            const auto a = reinterpret_cast<__m512bh>(_mm512_maskz_loadu_epi16(mask, r + i));
            for (int m = 0; m < count; ++m)
                total[m] = _mm512_dpbf16_ps(total[m], a,
                                            reinterpret_cast<__m512bh>(_mm512_maskz_loadu_epi16(mask, x + m * in + i)));
        }
        for (int m = 0; m < count; ++m)
            y[m * yStride + row] = sum(reinterpret_cast<Vf>(total[m]));
    }
}

#else

template <int count>
void nf4MatVecOf(const Nf4View &w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x, float *y,
                 std::int64_t yStride)
{
    const Levels levels;
    const std::int64_t blocks = in / 64;
    for (std::int64_t row = beginRow; row < endRow; ++row) {
        Vf total[count] = {};
        for (std::int64_t b = 0; b < blocks; ++b) {
            const std::int64_t block = row * blocks + b;
            const float scale = blockScale(w, block);
            Vf dot[count] = {};
            for (std::int64_t byte = 0; byte < 32; byte += lanes) {
                const Pairs p = unpack(w.packed + block * 32 + byte, levels);
                for (int m = 0; m < count; ++m) {
                    const Bf16 *v = x + m * in + b * 64 + byte;
                    dot[m] += p.even * loadBf16(v) + p.odd * loadBf16(v + 32);
                }
            }
            for (int m = 0; m < count; ++m)
                total[m] += dot[m] * scale;
        }
        for (int m = 0; m < count; ++m)
            y[m * yStride + row] = sum(total[m]);
    }
}

template <int count>
void bf16MatVecOf(const Bf16 *w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x, float *y,
                  std::int64_t yStride)
{
    for (std::int64_t row = beginRow; row < endRow; ++row) {
        Vf total[count] = {};
        forVectors(in, [&](std::int64_t i, std::int64_t n) {
            const Vf a = loadPart(w + row * in + i, n);
            for (int m = 0; m < count; ++m)
                total[m] += a * loadPart(x + m * in + i, n);
        });
        for (int m = 0; m < count; ++m)
            y[m * yStride + row] = sum(total[m]);
    }
}

#endif

// clang-format off
#define ATTUNE_BY_COUNT(call) \
    switch (count) { \
    case 1: call(1); break; case 2: call(2); break; case 3: call(3); break; case 4: call(4); break; \
    case 5: call(5); break; case 6: call(6); break; case 7: call(7); break; default: call(8); break; \
    }
// clang-format on

void nf4MatVec(const Nf4View &w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x,
               std::int64_t count, float *y, std::int64_t yStride)
{
#define ATTUNE_CALL(n) nf4MatVecOf<n>(w, in, beginRow, endRow, x, y, yStride)
    ATTUNE_BY_COUNT(ATTUNE_CALL)
#undef ATTUNE_CALL
}

void bf16MatVec(const Bf16 *w, std::int64_t in, std::int64_t beginRow, std::int64_t endRow, const Bf16 *x,
                std::int64_t count, float *y, std::int64_t yStride)
{
#define ATTUNE_CALL(n) bf16MatVecOf<n>(w, in, beginRow, endRow, x, y, yStride)
    ATTUNE_BY_COUNT(ATTUNE_CALL)
#undef ATTUNE_CALL
}

void quantizeNf4(const float *x, std::int64_t beginBlock, std::int64_t endBlock, std::uint8_t *packed, float *absmax)
{
    const float *levels = nf4Levels();
    float middle[15];
    for (int i = 0; i < 15; ++i)
        middle[i] = (levels[i] + levels[i + 1]) * 0.5F;
    for (std::int64_t block = beginBlock; block < endBlock; ++block) {
        const float *v = x + (block - beginBlock) * 64;
        Vf m = {};
        for (std::int64_t i = 0; i < 64; i += lanes) {
            const Vf a = load<Vf>(v + i);
            m = larger(larger(a, -a), m);
        }
        const float top = largest(m);
        absmax[block - beginBlock] = top;
        const float scale = 1.0F / (top > 1e-38F ? top : 1e-38F);
        std::int32_t codes[64];
        for (std::int64_t i = 0; i < 64; i += lanes) {
            const Vf a = load<Vf>(v + i) * scale;
            Vi code = {};
            for (const float border : middle)
                code -= a > splat(border); // true is -1
            store(codes + i, code);
        }
        for (int i = 0; i < 32; ++i)
            packed[(block - beginBlock) * 32 + i] = static_cast<std::uint8_t>(codes[2 * i] << 4 | codes[2 * i + 1]);
    }
}

// --- element-wise parts of a layer ---

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

// --- softmax ---

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

void softmaxRows(Bf16 *scores, const SoftmaxRows &shape, float scale, std::int64_t begin, std::int64_t end, float *lse)
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

void attendOne(const Bf16 *q, std::int64_t group, std::int64_t d, const Bf16 *keys, const Bf16 *values, std::int64_t from,
               std::int64_t to, float scale, float *scratch, Bf16 *out)
{
    const std::int64_t count = to - from;
    float *scores = scratch;                // [group, count]
    float *mix = scratch + group * count;   // [group, d]
    for (std::int64_t j = 0; j < count; ++j)
        for (std::int64_t g = 0; g < group; ++g) {
            Vf dot = {};
            forVectors(d, [&](std::int64_t i, std::int64_t n) {
                dot += loadPart(q + g * d + i, n) * loadPart(keys + (from + j) * d + i, n);
            });
            scores[g * count + j] = sum(dot) * scale;
        }
    for (std::int64_t g = 0; g < group; ++g) {
        float *row = scores + g * count;
        float top = row[0];
        for (std::int64_t j = 1; j < count; ++j)
            top = row[j] > top ? row[j] : top;
        float total = 0;
        for (std::int64_t j = 0; j < count; ++j) {
            row[j] = exponential(row[j] - top);
            total += row[j];
        }
        for (std::int64_t j = 0; j < count; ++j)
            row[j] /= total;
    }
    for (std::int64_t i = 0; i < group * d; ++i)
        mix[i] = 0;
    for (std::int64_t j = 0; j < count; ++j)
        for (std::int64_t g = 0; g < group; ++g) {
            const float p = scores[g * count + j];
            float *to32 = mix + g * d;
            const Bf16 *value = values + (from + j) * d;
            std::int64_t i = 0;
            for (; i + lanes <= d; i += lanes)
                store(to32 + i, load<Vf>(to32 + i) + loadBf16(value + i) * p);
            for (; i < d; ++i)
                to32[i] += toFloat(value[i]) * p;
        }
    for (std::int64_t i = 0; i < group * d; ++i)
        out[i] = toBf16(mix[i]);
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

} // namespace

const CpuKernels table = {
    ATTUNE_STRING(ATTUNE_KERNEL_LEVEL),
    nf4ToBf16,
    nf4ToFloat,
    nf4MatVec,
    bf16MatVec,
    quantizeNf4,
    rmsNorm,
    rmsNormBackward,
    swiGlu,
    swiGluBackward,
    rotate,
    softmaxRows,
    softmaxRowsBackward,
    attendOne,
    crossEntropyRows,
};

} // namespace attune::ATTUNE_KERNELS_NAME(ATTUNE_KERNEL_LEVEL)
