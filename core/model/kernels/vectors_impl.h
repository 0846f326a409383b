// The vectors that the kernels are written in: part of kernels_impl.h, see there.

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

inline void storePart(float *to, Vf v, std::int64_t count)
{
    if (count == lanes) {
        store(to, v);
        return;
    }
    for (std::int64_t i = 0; i < count; ++i)
        to[i] = v[i];
}
