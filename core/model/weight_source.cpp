#include "core/model/weight_source.h"

#include "core/formats/gguf.h"
#include "core/formats/safetensors.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <xxhash.h>

namespace attune {
namespace {

class Fingerprint {
public:
    Fingerprint() : m_state(XXH3_createState()) { XXH3_128bits_reset(m_state); }
    Fingerprint(const Fingerprint &) = delete;
    Fingerprint &operator=(const Fingerprint &) = delete;
    ~Fingerprint() { XXH3_freeState(m_state); }

    void add(const void *data, std::size_t size) { XXH3_128bits_update(m_state, data, size); }
    void add(const std::string &text) { add(text.c_str(), text.size() + 1); }
    void add(std::int64_t value) { add(&value, sizeof value); }

    void add(const TensorView &tensor)
    {
        add(tensor.name);
        add(std::int64_t(tensor.dtype));
        for (const auto size : tensor.shape)
            add(size);
        constexpr std::size_t sample = 4096;
        constexpr std::size_t samples = 8;
        if (tensor.data.size() <= sample * samples) {
            add(tensor.data.data(), tensor.data.size());
            return;
        }
        for (std::size_t i = 0; i < samples; ++i)
            add(tensor.data.data() + (tensor.data.size() - sample) * i / (samples - 1), sample);
    }

    std::string text() const
    {
        const XXH128_hash_t hash = XXH3_128bits_digest(m_state);
        std::array<char, 33> digits{};
        std::snprintf(digits.data(), digits.size(), "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                      static_cast<unsigned long long>(hash.low64));
        return digits.data();
    }

private:
    XXH3_state_t *m_state;
};

std::int64_t rowLength(const TensorView &tensor)
{
    return tensor.shape.size() < 2 ? 1 : tensor.elements() / tensor.shape.front();
}

class FolderSource final : public WeightSource {
public:
    static Result<std::unique_ptr<WeightSource>> open(const std::filesystem::path &folder)
    {
        ATTUNE_TRY(const Json json, readJson(folder / "config.json"));
        ATTUNE_TRY(auto config, modelConfigFromJson(json, (folder / "config.json").string()));
        ATTUNE_TRY(auto files, SafetensorsFolder::open(folder));
        auto source = std::unique_ptr<FolderSource>(new FolderSource(std::move(files)));
        source->m_config = std::move(config);
        source->m_path = folder;
        source->m_json = json.dump();
        return std::unique_ptr<WeightSource>(std::move(source));
    }

    bool contains(const std::string &name) const override { return m_files.contains(name); }

    Result<std::vector<std::int64_t>> shape(const std::string &name) const override
    {
        ATTUNE_TRY(const auto tensor, m_files.tensor(name));
        return tensor.shape;
    }

    void readRows(const std::string &name, std::int64_t begin, std::int64_t end, float *out) const override
    {
        const auto tensor = m_files.tensor(name);
        if (!tensor)
            return;
        const std::int64_t length = rowLength(*tensor);
        toFloat(*tensor, begin * length, end * length, out);
    }

    void forget(const std::string &name) const override
    {
        if (const auto tensor = m_files.tensor(name))
            m_files.forget(*tensor);
    }

    Result<std::string> fingerprint() const override
    {
        Fingerprint print;
        print.add(m_json);
        for (const auto &name : m_files.names()) {
            ATTUNE_TRY(const auto tensor, m_files.tensor(name));
            print.add(tensor);
            m_files.forget(tensor); // a sample may have mapped two megabytes
        }
        return print.text();
    }

private:
    explicit FolderSource(SafetensorsFolder files) : m_files(std::move(files)) {}
    SafetensorsFolder m_files;
    std::string m_json;
};

class GgufSource final : public WeightSource {
public:
    static Result<std::unique_ptr<WeightSource>> open(const std::filesystem::path &path)
    {
        ATTUNE_TRY(auto file, GgufFile::open(path));
        ATTUNE_TRY(auto config, modelConfigFromGguf(file));
        if (!file.contains("token_embd.weight"))
            return fail(ErrorCode::InvalidInput, path.string() + " holds no weights, only a vocabulary.");
        auto source = std::unique_ptr<GgufSource>(new GgufSource(std::move(file)));
        source->m_config = std::move(config);
        source->m_path = path;
        return std::unique_ptr<WeightSource>(std::move(source));
    }

    bool contains(const std::string &name) const override
    {
        const auto theirs = ggufName(name);
        return theirs && m_file.contains(*theirs);
    }

    Result<std::vector<std::int64_t>> shape(const std::string &name) const override
    {
        const auto theirs = ggufName(name);
        if (!theirs)
            return fail(ErrorCode::NotFound, m_path.string() + " has no tensor " + name + ".");
        ATTUNE_TRY(const auto tensor, m_file.tensor(*theirs));
        return tensor.shape;
    }

    void readRows(const std::string &name, std::int64_t begin, std::int64_t end, float *out) const override
    {
        const auto theirs = ggufName(name);
        if (!theirs)
            return;
        const auto tensor = m_file.tensor(*theirs);
        if (!tensor)
            return;
        const std::int64_t length = rowLength(*tensor);
        const bool permuted =
            m_config.architecture == "llama" &&
            (theirs->find(".attn_q.") != std::string::npos || theirs->find(".attn_k.") != std::string::npos);
        if (!permuted) {
            toFloat(*tensor, begin * length, end * length, out);
            return;
        }
        if (length == 1) { // a bias: blocks of elements can't be cut, so read it whole
            std::vector<float> all(static_cast<std::size_t>(tensor->elements()));
            toFloat(*tensor, 0, tensor->elements(), all.data());
            for (std::int64_t row = begin; row < end; ++row)
                out[row - begin] = all[static_cast<std::size_t>(storedRow(row))];
            return;
        }
        for (std::int64_t row = begin; row < end; ++row) {
            const std::int64_t stored = storedRow(row);
            toFloat(*tensor, stored * length, (stored + 1) * length, out + (row - begin) * length);
        }
    }

    void forget(const std::string &name) const override
    {
        if (const auto theirs = ggufName(name))
            if (const auto tensor = m_file.tensor(*theirs))
                m_file.forget(*tensor);
    }

    Result<std::string> fingerprint() const override
    {
        Fingerprint print;
        for (const auto &[name, tensor] : m_file.tensors()) {
            print.add(tensor);
            m_file.forget(tensor); // a sample may have mapped two megabytes
        }
        return print.text();
    }

private:
    explicit GgufSource(GgufFile file) : m_file(std::move(file)) {}

    /// For the architecture "llama", llama.cpp's converter interleaves the two halves that RoPE rotates: within a
    /// head it stores row `pair * 2 + half` where Hugging Face has `half * (head_dim / 2) + pair`.
    std::int64_t storedRow(std::int64_t row) const
    {
        const std::int64_t d = m_config.headDim;
        const std::int64_t inHead = row % d;
        return row - inHead + (inHead % (d / 2)) * 2 + inHead / (d / 2);
    }

    static std::optional<std::string> ggufName(const std::string &name)
    {
        static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> parts = {{
            {"self_attn.q_proj", "attn_q"},
            {"self_attn.k_proj", "attn_k"},
            {"self_attn.v_proj", "attn_v"},
            {"self_attn.o_proj", "attn_output"},
            {"mlp.gate_proj", "ffn_gate"},
            {"mlp.up_proj", "ffn_up"},
            {"mlp.down_proj", "ffn_down"},
            {"input_layernorm", "attn_norm"},
            {"post_attention_layernorm", "ffn_norm"},
            {"self_attn.q_norm", "attn_q_norm"},
            {"self_attn.k_norm", "attn_k_norm"},
        }};
        if (name == "model.embed_tokens.weight")
            return "token_embd.weight";
        if (name == "model.norm.weight")
            return "output_norm.weight";
        if (name == "lm_head.weight")
            return "output.weight";
        constexpr std::string_view prefix = "model.layers.";
        if (!name.starts_with(prefix))
            return std::nullopt;
        const auto dot = name.find('.', prefix.size());
        const auto last = name.rfind('.');
        if (dot == std::string::npos || last <= dot)
            return std::nullopt;
        const std::string_view middle = std::string_view(name).substr(dot + 1, last - dot - 1);
        for (const auto &[ours, theirs] : parts)
            if (middle == ours)
                return "blk." + name.substr(prefix.size(), dot - prefix.size()) + "." + std::string(theirs) +
                       name.substr(last);
        return std::nullopt;
    }

    GgufFile m_file;
};

} // namespace

Result<std::unique_ptr<WeightSource>> WeightSource::open(const std::filesystem::path &model)
{
    std::error_code ignored;
    if (std::filesystem::is_directory(model, ignored))
        return FolderSource::open(model);
    if (!std::filesystem::exists(model, ignored))
        return fail(ErrorCode::NotFound,
                    "There is no model at " + model.string() +
                        "; give a Hugging Face folder, a GGUF file or a name that `attune models "
                        "list` shows.");
    return GgufSource::open(model);
}

} // namespace attune
