// The engine's own CUDA kernels: what ATen has no fused form of. Compiled by NVRTC for the card at hand at first use
// (core/model/cuda_compiler), launched on torch's current stream (core/model/cuda_kernels_torch). bfloat16 in and out,
// float32 inside, rounded once: the formulas of the CPU kernels (core/model/kernels), which the tests hold them against.
//
// Kept to what a plain C++ compiler also takes, given the dozen names of tests/core/model/cuda_emulation.h, so that every
// kernel also runs, slowly, on a machine without a card. So: no header, no warp matrix instructions, and no thread may
// leave a kernel before the last barrier or shuffle that the others reach.

typedef unsigned short Bf16;
typedef unsigned char Byte;
typedef long long Index;

#define KERNEL extern "C" __global__ void

// --- values ----------------------------------------------------------------------------------------------------------

__device__ inline float wide(Bf16 value)
{
    return __uint_as_float(static_cast<unsigned>(value) << 16);
}

// Round to nearest, ties to even; not-a-number stays one.
__device__ inline Bf16 narrow(float value)
{
    const unsigned bits = __float_as_uint(value);
    if ((bits & 0x7FFFFFFFU) > 0x7F800000U)
        return 0x7FC0;
    return static_cast<Bf16>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

// Eight values that lie side by side move as one 16-byte access, where the row length allows it; else one by one.
struct alignas(16) Packet {
    Bf16 values[8];
};

template <int W> struct Values {
    float v[W];
};

template <int W> __device__ inline Values<W> load(const Bf16 *from)
{
    Values<W> out;
    if constexpr (W == 8) {
        const Packet packet = *reinterpret_cast<const Packet *>(from);
        for (int i = 0; i < 8; ++i)
            out.v[i] = wide(packet.values[i]);
    } else {
        out.v[0] = wide(*from);
    }
    return out;
}

template <int W> __device__ inline void store(Bf16 *to, const Values<W> &values)
{
    if constexpr (W == 8) {
        Packet packet;
        for (int i = 0; i < 8; ++i)
            packet.values[i] = narrow(values.v[i]);
        *reinterpret_cast<Packet *>(to) = packet;
    } else {
        *to = narrow(values.v[0]);
    }
}

// --- sums over a block -----------------------------------------------------------------------------------------------

constexpr unsigned allLanes = 0xFFFFFFFFU;

__device__ inline float warpSum(float value)
{
    for (int step = 16; step > 0; step /= 2)
        value += __shfl_xor_sync(allLanes, value, step);
    return value;
}

// Of all threads, to all threads. `partial` holds 32 floats; blocks are whole warps.
__device__ inline float blockSum(float value, float *partial)
{
    const int warps = static_cast<int>(blockDim.x) / 32;
    value = warpSum(value);
    if (threadIdx.x % 32 == 0)
        partial[threadIdx.x / 32] = value;
    __syncthreads();
    float sum = 0;
    for (int i = 0; i < warps; ++i)
        sum += partial[i];
    __syncthreads();
    return sum;
}

// --- NF4: Dettmers et al. 2023, arXiv:2305.14314 -----------------------------------------------------------------------

// One weight: two values a byte, the first in the high nibble; blocks of 64 values, row-major. absmax null: with double
// quantisation, a block's largest magnitude is code[codes[block]] absmax2[block / 256] + offset.
struct Nf4 {
    const Byte *packed;
    const float *levels;
    const float *absmax;
    const Byte *codes;
    const float *absmax2;
    const float *code;
    float offset;
};

__device__ inline float largest(const Nf4 &w, Index block)
{
    if (w.absmax)
        return w.absmax[block];
    // Rounded after the product, as bitsandbytes and the CPU kernels do it.
    return __fadd_rn(__fmul_rn(w.code[w.codes[block]], w.absmax2[block / 256]), w.offset);
}

__device__ inline void fetchLevels(const Nf4 &w, float *levels)
{
    if (threadIdx.x < 16)
        levels[threadIdx.x] = w.levels[threadIdx.x];
    __syncthreads();
}

// A thread unpacks four bytes.
template <typename Store> __device__ inline void unpack(const Nf4 &w, Index count, const Store &store8)
{
    __shared__ float levels[16];
    fetchLevels(w, levels);
    const Index at = (static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x) * 8;
    if (at >= count)
        return;
    const unsigned bytes = *reinterpret_cast<const unsigned *>(w.packed + at / 2);
    const float scale = largest(w, at / 64);
    Values<8> values;
    for (int i = 0; i < 4; ++i) {
        const unsigned byte = (bytes >> (8 * i)) & 0xFFU;
        values.v[2 * i] = levels[byte >> 4] * scale;
        values.v[2 * i + 1] = levels[byte & 15U] * scale;
    }
    store8(at, values);
}

KERNEL nf4ToBf16(Nf4 w, Index count, Bf16 *out)
{
    unpack(w, count, [&](Index at, const Values<8> &values) { store<8>(out + at, values); });
}

KERNEL nf4ToFloat(Nf4 w, Index count, float *out)
{
    unpack(w, count, [&](Index at, const Values<8> &values) {
        for (int i = 0; i < 8; ++i)
            out[at + i] = values.v[i];
    });
}

// y [rows, out] = x [rows, in] W^T for few rows, where the weight's bytes are what takes the time: they are read once, as
// they are. A warp computes one output; a lane takes half a block, 32 values, at a time. R: rows, rounded up; what is
// over computes the last row again, so that the loops stay unrolled.
template <int R>
__device__ inline void matVec(const Nf4 &w, Index in, Index out, const Bf16 *x, int rows, Bf16 *y)
{
    __shared__ float levels[16];
    fetchLevels(w, levels);
    const Index row = static_cast<Index>(blockIdx.x) * (blockDim.x / 32) + threadIdx.x / 32;
    const int lane = static_cast<int>(threadIdx.x % 32);
    const Bf16 *from[R];
    float sums[R];
    for (int r = 0; r < R; ++r) {
        from[r] = x + (r < rows ? r : rows - 1) * in;
        sums[r] = 0;
    }
    if (row < out) {
        for (Index half = lane; half < in / 32; half += 32) {
            const float scale = largest(w, row * (in / 64) + half / 2);
            const uint4 bytes = *reinterpret_cast<const uint4 *>(w.packed + row * (in / 2) + half * 16);
            const unsigned words[4] = {bytes.x, bytes.y, bytes.z, bytes.w};
            float part[R];
            for (int r = 0; r < R; ++r)
                part[r] = 0;
            for (int i = 0; i < 4; ++i) {
                float values[8];
                for (int k = 0; k < 4; ++k) {
                    const unsigned byte = (words[i] >> (8 * k)) & 0xFFU;
                    values[2 * k] = levels[byte >> 4];
                    values[2 * k + 1] = levels[byte & 15U];
                }
                for (int r = 0; r < R; ++r) {
                    const Values<8> xs = load<8>(from[r] + half * 32 + i * 8);
                    for (int k = 0; k < 8; ++k)
                        part[r] += values[k] * xs.v[k];
                }
            }
            for (int r = 0; r < R; ++r)
                sums[r] += part[r] * scale;
        }
    }
    for (int r = 0; r < R; ++r) {
        const float sum = warpSum(sums[r]);
        if (lane == 0 && row < out && r < rows)
            y[r * out + row] = narrow(sum);
    }
}

#define MATVEC(R) \
    KERNEL nf4MatVec##R(Nf4 w, Index in, Index out, const Bf16 *x, int rows, Bf16 *y) \
    { \
        matVec<R>(w, in, out, x, rows, y); \
    }
MATVEC(1)
MATVEC(2)
MATVEC(4)
MATVEC(8)

// --- RMSNorm ---------------------------------------------------------------------------------------------------------

// A block a row.
template <int W>
__device__ inline void normRow(const Bf16 *x, const float *weight, int n, float eps, Bf16 *y, float *rstd)
{
    __shared__ float partial[32];
    const Index row = blockIdx.x;
    const Bf16 *in = x + row * n;
    float squares = 0;
    for (int i = static_cast<int>(threadIdx.x) * W; i < n; i += static_cast<int>(blockDim.x) * W) {
        const Values<W> v = load<W>(in + i);
        for (int k = 0; k < W; ++k)
            squares += v.v[k] * v.v[k];
    }
    const float r = 1.0F / sqrtf(blockSum(squares, partial) / static_cast<float>(n) + eps);
    if (rstd && threadIdx.x == 0)
        rstd[row] = r;
    for (int i = static_cast<int>(threadIdx.x) * W; i < n; i += static_cast<int>(blockDim.x) * W) {
        Values<W> v = load<W>(in + i);
        for (int k = 0; k < W; ++k)
            v.v[k] = v.v[k] * r * weight[i + k];
        store<W>(y + row * n + i, v);
    }
}

KERNEL rmsNorm(const Bf16 *x, const float *weight, int n, float eps, Bf16 *y, float *rstd)
{
    if (n % 8 == 0)
        normRow<8>(x, weight, n, eps, y, rstd);
    else
        normRow<1>(x, weight, n, eps, y, rstd);
}

// dx += the gradient of the above.
template <int W>
__device__ inline void normRowBackward(const Bf16 *dy, const Bf16 *x, const float *weight, const float *rstd, int n,
                                       Bf16 *dx)
{
    __shared__ float partial[32];
    const Index row = blockIdx.x;
    const Index from = row * n;
    float dot = 0;
    for (int i = static_cast<int>(threadIdx.x) * W; i < n; i += static_cast<int>(blockDim.x) * W) {
        const Values<W> d = load<W>(dy + from + i);
        const Values<W> v = load<W>(x + from + i);
        for (int k = 0; k < W; ++k)
            dot += d.v[k] * weight[i + k] * v.v[k];
    }
    const float r = rstd[row];
    const float pull = blockSum(dot, partial) * r * r * r / static_cast<float>(n);
    for (int i = static_cast<int>(threadIdx.x) * W; i < n; i += static_cast<int>(blockDim.x) * W) {
        const Values<W> d = load<W>(dy + from + i);
        const Values<W> v = load<W>(x + from + i);
        Values<W> sum = load<W>(dx + from + i);
        for (int k = 0; k < W; ++k)
            sum.v[k] += d.v[k] * weight[i + k] * r - v.v[k] * pull;
        store<W>(dx + from + i, sum);
    }
}

KERNEL rmsNormBackward(const Bf16 *dy, const Bf16 *x, const float *weight, const float *rstd, int n, Bf16 *dx)
{
    if (n % 8 == 0)
        normRowBackward<8>(dy, x, weight, rstd, n, dx);
    else
        normRowBackward<1>(dy, x, weight, rstd, n, dx);
}

// --- SwiGLU: a row of gateUp is [gate | up], n values each -----------------------------------------------------------

__device__ inline float sigmoid(float x)
{
    return 1.0F / (1.0F + expf(-x));
}

template <int W> __device__ inline void gated(const Bf16 *gateUp, int n, Index total, Bf16 *out)
{
    const Index at = (static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x) * W;
    if (at >= total)
        return;
    const Bf16 *gate = gateUp + at / n * 2 * n + at % n;
    Values<W> g = load<W>(gate);
    const Values<W> u = load<W>(gate + n);
    for (int k = 0; k < W; ++k)
        g.v[k] = g.v[k] * sigmoid(g.v[k]) * u.v[k];
    store<W>(out + at, g);
}

KERNEL swiGlu(const Bf16 *gateUp, int n, Index total, Bf16 *out)
{
    if (n % 8 == 0)
        gated<8>(gateUp, n, total, out);
    else
        gated<1>(gateUp, n, total, out);
}

template <int W>
__device__ inline void gatedBackward(const Bf16 *dOut, const Bf16 *gateUp, int n, Index total, Bf16 *dGateUp)
{
    const Index at = (static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x) * W;
    if (at >= total)
        return;
    const Index from = at / n * 2 * n + at % n;
    const Values<W> d = load<W>(dOut + at);
    Values<W> g = load<W>(gateUp + from);
    Values<W> u = load<W>(gateUp + from + n);
    for (int k = 0; k < W; ++k) {
        const float gate = g.v[k];
        const float s = sigmoid(gate);
        g.v[k] = d.v[k] * u.v[k] * s * (1.0F + gate * (1.0F - s));
        u.v[k] = d.v[k] * gate * s;
    }
    store<W>(dGateUp + from, g);
    store<W>(dGateUp + from + n, u);
}

KERNEL swiGluBackward(const Bf16 *dOut, const Bf16 *gateUp, int n, Index total, Bf16 *dGateUp)
{
    if (n % 8 == 0)
        gatedBackward<8>(dOut, gateUp, n, total, dGateUp);
    else
        gatedBackward<1>(dOut, gateUp, n, total, dGateUp);
}

// --- rotary embedding, half-split ------------------------------------------------------------------------------------

// One token's heads, where they lie: `row` values from one token to the next.
struct HeadsFrom {
    const Bf16 *data;
    Index row;
};

// Rotates the queries and keys of each token and copies its values, all to one row [q heads | k heads | v heads] of `out`.
// A block a token, at position first + token % time. sign -1 rotates back.
KERNEL rotateHeads(HeadsFrom q, HeadsFrom k, HeadsFrom v, const float *cosine, const float *sine, Index first, Index time,
                   int heads, int kvHeads, int d, float sign, Bf16 *out)
{
    const Index token = blockIdx.x;
    const int half = d / 2;
    const Index angle = (first + token % time) * half;
    const int rotated = (heads + kvHeads) * half;
    Bf16 *to = out + token * (heads + 2 * kvHeads) * d;
    for (int i = static_cast<int>(threadIdx.x); i < rotated; i += static_cast<int>(blockDim.x)) {
        const int head = i / half;
        const int place = i % half;
        const Bf16 *from = head < heads ? q.data + token * q.row + head * d : k.data + token * k.row + (head - heads) * d;
        const float a = wide(from[place]);
        const float b = wide(from[place + half]);
        const float c = cosine[angle + place];
        const float s = sine[angle + place] * sign;
        to[head * d + place] = narrow(a * c - b * s);
        to[head * d + place + half] = narrow(b * c + a * s);
    }
    to += (heads + kvHeads) * d;
    for (int i = static_cast<int>(threadIdx.x); i < kvHeads * d; i += static_cast<int>(blockDim.x))
        to[i] = v.data[token * v.row + i];
}

// --- cross-entropy ---------------------------------------------------------------------------------------------------

// A block a row: nll in nats, and with gradientScale != 0 the logits become (softmax - onehot) gradientScale.
KERNEL crossEntropy(Bf16 *logits, const Index *targets, Index vocab, float gradientScale, float *nll)
{
    __shared__ float tops[32];
    __shared__ float sums[32];
    const Index row = blockIdx.x;
    Bf16 *l = logits + row * vocab;
    const Index target = targets[row];
    const float chosen = wide(l[target]);
    // Each thread's own largest value and sum of exp(value - largest), joined over the block afterwards.
    float top = -3.4e38F;
    float sum = 0;
    for (Index i = threadIdx.x; i < vocab; i += blockDim.x) {
        const float value = wide(l[i]);
        if (value > top) {
            sum *= expf(top - value);
            top = value;
        }
        sum += expf(value - top);
    }
    for (int step = 16; step > 0; step /= 2) {
        const float otherTop = __shfl_xor_sync(allLanes, top, step);
        const float otherSum = __shfl_xor_sync(allLanes, sum, step);
        const float both = otherTop > top ? otherTop : top;
        sum = sum * expf(top - both) + otherSum * expf(otherTop - both);
        top = both;
    }
    if (threadIdx.x % 32 == 0) {
        tops[threadIdx.x / 32] = top;
        sums[threadIdx.x / 32] = sum;
    }
    __syncthreads();
    const int warps = static_cast<int>(blockDim.x) / 32;
    float best = tops[0];
    for (int i = 1; i < warps; ++i)
        best = tops[i] > best ? tops[i] : best;
    float all = 0;
    for (int i = 0; i < warps; ++i)
        all += sums[i] * expf(tops[i] - best);
    if (threadIdx.x == 0)
        nll[row] = best + logf(all) - chosen;
    if (gradientScale == 0)
        return;
    const float share = gradientScale / all;
    for (Index i = threadIdx.x; i < vocab; i += blockDim.x) {
        const float p = expf(wide(l[i]) - best) * share;
        l[i] = narrow(i == target ? p - gradientScale : p);
    }
}

// --- dropout by a counter: the hash of core/model/kernels/dropout_impl.h ---------------------------------------------

__device__ inline unsigned mixed(unsigned h)
{
    h ^= h >> 16;
    h *= 0x85EBCA6BU;
    h ^= h >> 13;
    h *= 0xC2B2AE35U;
    return h ^ (h >> 16);
}

// to = x by the mask, or to += x by it. Eight places a thread.
KERNEL dropout(const Bf16 *x, Index count, unsigned low, unsigned high, int threshold, float scale, int add, Bf16 *to)
{
    const Index begin = (static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x) * 8;
    for (Index i = begin; i < count && i < begin + 8; ++i) {
        const unsigned place = static_cast<unsigned>(i);
        const unsigned above = static_cast<unsigned>(static_cast<unsigned long long>(i) >> 32) * 0x9E3779B9U;
        const unsigned bits = mixed(mixed(place ^ low) + (high ^ above)) >> 1;
        float value = wide(x[i]) * (static_cast<int>(bits) >= threshold ? scale : 0.0F);
        if (add)
            value += wide(to[i]);
        to[i] = narrow(value);
    }
}
