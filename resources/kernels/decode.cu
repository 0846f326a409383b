// One new token for each of a few sequences, through the whole model: the kernels of core/model/decode_step_torch, which
// launches them one after another or captures them into a CUDA graph. Compiled behind attune.cu, as one source. What changes
// from step to step (tokens, positions, where the caches lie) is read from the card's memory, so that a captured step can be
// launched again and again.

#ifdef __CUDACC__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL
#endif

// A sequence of the step, as core/model/decode_step_torch.h declares it too.
struct Sequence {
    int token;
    int position; // that the token takes; -1: a row that only fills the step up
    Index capacity; // of its caches, in tokens
};

// x [rows, n] from the table of embeddings. A block a row.
KERNEL decodeEmbed(const Sequence *sequences, const Bf16 *table, int n, Bf16 *x)
{
    const Bf16 *from = table + static_cast<Index>(sequences[blockIdx.x].token) * n;
    for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x))
        x[static_cast<Index>(blockIdx.x) * n + i] = from[i];
}

// --- a group of projections: products with few vectors, and all that follows them ---------------------------------------

// y = ((x W^T + down up^T) gain + bias) + add, where each but the first may be missing (null).
// gated: the first half of that, through silu, times the second half: [rows, out / 2].
struct Linear {
    Nf4 parts[3];      // one under another
    const Bf16 *dense; // [out, in] in place of them
    int ends[3];       // output at which each part ends
    int in;
    int out;
    int rows;
    int columns;       // of down and up
    int gated;
    const Bf16 *x;     // [rows, in]
    const Bf16 *down;  // [rows, columns]: LoRA's x A^T
    const Bf16 *up;    // [out, columns]: LoRA's scale B
    const float *gain; // [out]: DoRA's
    const Bf16 *bias;  // [out]
    const Bf16 *add;   // [rows, out]
    Bf16 *y;           // [rows, out]
    float *wideY;      // in its place, before it is rounded
};

// Sixteen weights of one output, read before they are needed.
struct Nf4Piece {
    uint2 bytes;
    float scale;
};
struct DensePiece {
    Packet values[2];
};

struct Nf4Row {
    const Byte *bytes;
    Index firstBlock;
    Nf4 w;
    const float *levels;

    __device__ Nf4Piece fetch(int piece) const
    {
        return {*reinterpret_cast<const uint2 *>(bytes + piece * 8), largest(w, firstBlock + piece / 4)};
    }
    __device__ float scale(const Nf4Piece &piece) const { return piece.scale; }
    // Before they are scaled.
    __device__ void eight(const Nf4Piece &piece, int half, float *values) const
    {
        const unsigned word = half ? piece.bytes.y : piece.bytes.x;
        for (int k = 0; k < 4; ++k) {
            const unsigned byte = (word >> (8 * k)) & 0xFFU;
            values[2 * k] = levels[byte >> 4];
            values[2 * k + 1] = levels[byte & 15U];
        }
    }
};

struct DenseRow {
    const Bf16 *from;

    __device__ DensePiece fetch(int piece) const
    {
        const Packet *packets = reinterpret_cast<const Packet *>(from) + piece * 2;
        return {{packets[0], packets[1]}};
    }
    __device__ float scale(const DensePiece &) const { return 1; }
    __device__ void eight(const DensePiece &piece, int half, float *values) const
    {
        for (int k = 0; k < 8; ++k)
            values[k] = wide(piece.values[half].values[k]);
    }
};

// A warp's two outputs for R rows: sums[o][r], a lane's share. Some pieces a lane are under way at once, since what takes
// the time with one row is waiting for the weights. Unrolled, or the arrays would not be registers.
template <int R, typename Piece, typename Row>
__device__ inline void dotTwo(const Row (&weights)[2], int in, const Bf16 *const (&x)[R], float (&sums)[2][R])
{
    constexpr int ahead = R > 2 ? 2 : 4;
    const int pieces = in / 16;
    for (int first = static_cast<int>(threadIdx.x % 32); first < pieces; first += 32 * ahead) {
        Piece held[ahead][2];
        UNROLL
        for (int i = 0; i < ahead; ++i) {
            const int piece = first + 32 * i < pieces ? first + 32 * i : first;
            held[i][0] = weights[0].fetch(piece);
            held[i][1] = weights[1].fetch(piece);
        }
        UNROLL
        for (int i = 0; i < ahead; ++i) {
            const int piece = first + 32 * i;
            if (piece < pieces) {
                float part[2][R];
                UNROLL
                for (int r = 0; r < R; ++r)
                    part[0][r] = part[1][r] = 0;
                UNROLL
                for (int half = 0; half < 2; ++half) {
                    float values[2][8];
                    weights[0].eight(held[i][0], half, values[0]);
                    weights[1].eight(held[i][1], half, values[1]);
                    UNROLL
                    for (int r = 0; r < R; ++r) {
                        const Values<8> xs = load<8>(x[r] + piece * 16 + half * 8);
                        UNROLL
                        for (int k = 0; k < 8; ++k) {
                            part[0][r] += values[0][k] * xs.v[k];
                            part[1][r] += values[1][k] * xs.v[k];
                        }
                    }
                }
                UNROLL
                for (int r = 0; r < R; ++r) {
                    sums[0][r] += part[0][r] * weights[0].scale(held[i][0]);
                    sums[1][r] += part[1][r] * weights[1].scale(held[i][1]);
                }
            }
        }
    }
}

__device__ inline Nf4Row rowOf(const Linear &l, int output, const float *levels)
{
    const int part = output < l.ends[0] ? 0 : output < l.ends[1] ? 1 : 2;
    const Nf4 w = part == 0 ? l.parts[0] : part == 1 ? l.parts[1] : l.parts[2];
    const Index row = output - (part == 0 ? 0 : part == 1 ? l.ends[0] : l.ends[1]);
    return {w.packed + row * (l.in / 2), row * (l.in / 64), w, levels};
}

__device__ inline float finished(const Linear &l, float sum, Index row, int output)
{
    if (l.gain)
        sum *= l.gain[output];
    if (l.bias)
        sum += wide(l.bias[output]);
    if (l.add)
        sum += wide(l.add[row * l.out + output]);
    return sum;
}

// A warp computes the outputs i and i + half of R rows; blockIdx.y counts the rows by R.
template <int R> __device__ inline void linear(const Linear &l)
{
    __shared__ float levels[16];
    if (!l.dense)
        fetchLevels(l.parts[0], levels);
    const int lane = static_cast<int>(threadIdx.x % 32);
    const int half = (l.out + 1) / 2;
    const int output = static_cast<int>(blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32);
    const Index firstRow = static_cast<Index>(blockIdx.y) * R;
    if (output >= half) // the whole warp; no barrier follows
        return;
    // Where the number of outputs is odd, the last one is computed twice and written once.
    const int outputs[2] = {output, output + half < l.out ? output + half : output};
    const Bf16 *x[R];
    float sums[2][R];
    for (int r = 0; r < R; ++r) {
        const Index row = firstRow + r < l.rows ? firstRow + r : l.rows - 1;
        x[r] = l.x + row * l.in;
        for (int o = 0; o < 2; ++o) {
            sums[o][r] = 0;
            const Bf16 *up = l.up + static_cast<Index>(outputs[o]) * l.columns;
            for (int c = lane; l.up && c < l.columns; c += 32)
                sums[o][r] += wide(up[c]) * wide(l.down[row * l.columns + c]);
        }
    }
    if (l.dense) {
        const DenseRow rows[2] = {{l.dense + static_cast<Index>(outputs[0]) * l.in},
                                  {l.dense + static_cast<Index>(outputs[1]) * l.in}};
        dotTwo<R, DensePiece>(rows, l.in, x, sums);
    } else {
        const Nf4Row rows[2] = {rowOf(l, outputs[0], levels), rowOf(l, outputs[1], levels)};
        dotTwo<R, Nf4Piece>(rows, l.in, x, sums);
    }
    for (int r = 0; r < R; ++r) {
        const Index row = firstRow + r;
        const float one = warpSum(sums[0][r]);
        const float other = warpSum(sums[1][r]);
        if (lane != 0 || row >= l.rows)
            continue;
        const float first = finished(l, one, row, outputs[0]);
        const float second = finished(l, other, row, outputs[1]);
        if (l.gated) { // rounded in between, as where the two are kernels of their own
            const float gate = wide(narrow(first));
            l.y[row * half + output] = narrow(gate * sigmoid(gate) * wide(narrow(second)));
        } else if (l.wideY) {
            l.wideY[row * l.out + outputs[0]] = first;
            l.wideY[row * l.out + outputs[1]] = second;
        } else {
            l.y[row * l.out + outputs[0]] = narrow(first);
            l.y[row * l.out + outputs[1]] = narrow(second);
        }
    }
}

#define LINEAR(R) \
    KERNEL decodeLinear##R(Linear l) \
    { \
        linear<R>(l); \
    }
LINEAR(1)
LINEAR(2)
LINEAR(4)
LINEAR(8)

// --- attention of one query a head to a cache, split over the keys -------------------------------------------------------

constexpr int splitKeys = 64;     // that a block sees
constexpr int groupValues = 4096; // of the queries that share a key, at most
constexpr int groupHeads = 16;    // that share a key, at most

struct Attend {
    const Sequence *sequences;
    Bf16 *const *caches; // of each sequence, layer by layer: keys and values, [kvHeads, capacity, d]
    int layer;
    int layers;
    const Bf16 *qkv; // [rows, (heads + 2 kvHeads) d], as it was projected
    const float *cosine;
    const float *sine;
    const float *queryNorm; // [d] or null
    const float *keyNorm;
    float eps;
    float scale;
    int heads;
    int kvHeads;
    int d;
    int window; // 0: all keys
    int splits;
    float *parts; // [rows, heads, splits, d + 2]: sums of values, the largest score, the sum of exponentials
    Bf16 *out;    // [rows, heads d]
};

__device__ inline int firstKey(const Attend &a, int position)
{
    return a.window > 0 && position >= a.window ? position - a.window + 1 : 0;
}

// A head at its position, by one warp: normed, if the model does that, and rotated. write(place, value) gets both halves.
template <typename Write>
__device__ inline void placeHead(const Attend &a, const Bf16 *from, const float *norm, int position, const Write &write)
{
    const int lane = static_cast<int>(threadIdx.x % 32);
    const int half = a.d / 2;
    float r = 1;
    if (norm) {
        float squares = 0;
        for (int i = lane; i < a.d; i += 32)
            squares += wide(from[i]) * wide(from[i]);
        r = 1.0F / sqrtf(warpSum(squares) / static_cast<float>(a.d) + a.eps);
    }
    for (int i = lane; i < half; i += 32) {
        const float low = norm ? wide(narrow(wide(from[i]) * r * norm[i])) : wide(from[i]);
        const float high = norm ? wide(narrow(wide(from[i + half]) * r * norm[i + half])) : wide(from[i + half]);
        const float c = a.cosine[static_cast<Index>(position) * half + i];
        const float s = a.sine[static_cast<Index>(position) * half + i];
        write(i, narrow(low * c - high * s));
        write(i + half, narrow(high * c + low * s));
    }
}

// blockIdx.x: which keys; blockIdx.y: the sequence and the head of keys. The block that has the new token's place among its
// keys writes that token into the cache. 128 threads.
KERNEL decodeAttend(Attend a)
{
    __shared__ float queries[groupValues];
    __shared__ float scores[groupHeads * splitKeys];
    const int row = static_cast<int>(blockIdx.y) / a.kvHeads;
    const int kvHead = static_cast<int>(blockIdx.y) % a.kvHeads;
    const int position = a.sequences[row].position;
    const int split = static_cast<int>(blockIdx.x);
    const int first = firstKey(a, position);
    const int begin = split * splitKeys > first ? split * splitKeys : first;
    const int end = (split + 1) * splitKeys < position + 1 ? (split + 1) * splitKeys : position + 1;
    if (begin >= end)
        return;
    const int threads = static_cast<int>(blockDim.x);
    const int thread = static_cast<int>(threadIdx.x);
    const int group = a.heads / a.kvHeads;
    const int d = a.d;
    const Index start = static_cast<Index>(kvHead) * a.sequences[row].capacity * d;
    Bf16 *keys = a.caches[(static_cast<Index>(row) * a.layers + a.layer) * 2] + start;
    Bf16 *values = a.caches[(static_cast<Index>(row) * a.layers + a.layer) * 2 + 1] + start;
    const Bf16 *heads = a.qkv + static_cast<Index>(row) * (a.heads + 2 * a.kvHeads) * d;
    const bool newToken = end == position + 1;

    for (int h = thread / 32; h < group; h += threads / 32)
        placeHead(a, heads + (kvHead * group + h) * d, a.queryNorm, position,
                  [&](int i, Bf16 value) { queries[h * d + i] = wide(value); });
    if (newToken) {
        if (thread / 32 == group % (threads / 32))
            placeHead(a, heads + (a.heads + kvHead) * d, a.keyNorm, position,
                      [&](int i, Bf16 value) { keys[static_cast<Index>(position) * d + i] = value; });
        for (int i = thread; i < d; i += threads)
            values[static_cast<Index>(position) * d + i] = heads[(a.heads + a.kvHeads + kvHead) * d + i];
    }
    __syncthreads();

    const int count = end - begin;
    for (int t = thread; t < group * splitKeys; t += threads) {
        const int key = t % splitKeys;
        const float *query = queries + t / splitKeys * d;
        float dot = 0;
        for (int i = 0; key < count && i < d; i += 8) {
            const Values<8> k = load<8>(keys + static_cast<Index>(begin + key) * d + i);
            for (int j = 0; j < 8; ++j)
                dot += query[i + j] * k.v[j];
        }
        scores[t] = key < count ? dot * a.scale : -3.0e38F;
    }
    __syncthreads();

    float *parts = a.parts + ((static_cast<Index>(row) * a.heads + kvHead * group) * a.splits + split) * (d + 2);
    const Index nextHead = static_cast<Index>(a.splits) * (d + 2);
    for (int h = thread / 32; h < group; h += threads / 32) {
        float *of = scores + h * splitKeys + thread % 32;
        float top = of[0] > of[32] ? of[0] : of[32];
        for (int step = 16; step > 0; step /= 2) {
            const float other = __shfl_xor_sync(allLanes, top, step);
            top = other > top ? other : top;
        }
        of[0] = expf(of[0] - top);
        of[32] = expf(of[32] - top);
        const float sum = warpSum(of[0] + of[32]);
        if (thread % 32 == 0) {
            parts[h * nextHead + d] = top;
            parts[h * nextHead + d + 1] = sum;
        }
    }
    __syncthreads();

    for (int t = thread; t < group * (d / 8); t += threads) {
        const int h = t / (d / 8);
        const int place = t % (d / 8) * 8;
        float sums[8] = {};
        for (int key = 0; key < count; ++key) {
            const float share = scores[h * splitKeys + key];
            const Values<8> v = load<8>(values + static_cast<Index>(begin + key) * d + place);
            for (int j = 0; j < 8; ++j)
                sums[j] += share * v.v[j];
        }
        for (int j = 0; j < 8; ++j)
            parts[h * nextHead + place + j] = sums[j];
    }
}

// The splits' sums, joined. blockIdx.x: the head, blockIdx.y: the sequence.
KERNEL decodeJoin(Attend a)
{
    const int position = a.sequences[blockIdx.y].position;
    if (position < 0)
        return;
    const Index head = static_cast<Index>(blockIdx.y) * a.heads + blockIdx.x;
    const float *parts = a.parts + head * a.splits * (a.d + 2);
    const int from = firstKey(a, position) / splitKeys;
    const int to = position / splitKeys;
    float top = parts[from * (a.d + 2) + a.d];
    for (int s = from + 1; s <= to; ++s) {
        const float other = parts[s * (a.d + 2) + a.d];
        top = other > top ? other : top;
    }
    float all = 0;
    for (int s = from; s <= to; ++s)
        all += parts[s * (a.d + 2) + a.d + 1] * expf(parts[s * (a.d + 2) + a.d] - top);
    for (int i = static_cast<int>(threadIdx.x); i < a.d; i += static_cast<int>(blockDim.x)) {
        float sum = 0;
        for (int s = from; s <= to; ++s)
            sum += parts[s * (a.d + 2) + i] * expf(parts[s * (a.d + 2) + a.d] - top);
        a.out[head * a.d + i] = narrow(sum / all);
    }
}
