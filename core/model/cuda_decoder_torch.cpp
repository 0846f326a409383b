#include "core/model/cuda_decoder_torch.h"

#include "core/model/cuda_driver.h"
#include "core/model/cuda_kernels_torch.h"

#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <cstdlib>
#include <string_view>

namespace attune {
namespace {

/// Graphs that are kept: adapters that take turns and numbers of sequences that go down have some each.
constexpr std::size_t mostGraphs = 12;

// Numbers of cuda.h.
constexpr unsigned streamNonBlocking = 1;
constexpr int captureRelaxed = 2;

/// Makes a card the current one of this thread.
class OnCard {
public:
    explicit OnCard(at::Device device) : m_guard(at::kCUDA), m_before(m_guard.exchangeDevice(device)) {}
    OnCard(const OnCard &) = delete;
    OnCard &operator=(const OnCard &) = delete;
    ~OnCard() { m_guard.uncheckedSetDevice(m_before); }
    CudaDriver::Handle stream(at::Device device) const
    {
        return m_guard.getStreamNativeHandle(m_guard.getStream(device));
    }

private:
    c10::impl::VirtualGuardImpl m_guard;
    at::Device m_before;
};

/// Memory of the machine that the card reaches by itself.
class Pinned {
public:
    Pinned() = default;
    Pinned(const Pinned &) = delete;
    Pinned &operator=(const Pinned &) = delete;
    ~Pinned()
    {
        if (m_memory)
            CudaDriver::get()->hostFree(m_memory);
    }
    int take(std::size_t bytes) { return CudaDriver::get()->hostAlloc(&m_memory, bytes, 0); }
    void *get() const { return m_memory; }

private:
    void *m_memory = nullptr;
};

std::uint64_t address(const at::Tensor &t)
{
    return reinterpret_cast<std::uintptr_t>(t.const_data_ptr());
}

} // namespace

struct CudaDecoder::Graph {
    Graph(LanguageModel::Impl &model, std::int64_t rows, std::int64_t splits)
        : addresses(DecodeStep::addresses(model)), step(model, rows, splits)
    {
    }
    Graph(const Graph &) = delete;
    Graph &operator=(const Graph &) = delete;
    ~Graph()
    {
        if (executable)
            CudaDriver::get()->graphExecutableDestroy(executable);
    }

    /// A result of the driver; 0: it worked.
    int capture(LanguageModel::Impl &model, const CudaKernels &kernels);
    int record(LanguageModel::Impl &model, const CudaKernels &kernels, CudaDriver::Handle stream);

    std::vector<const void *> addresses;
    DecodeStep step;
    Pinned inputs;
    Pinned scores;
    CudaDriver::Handle executable = nullptr;
};

int CudaDecoder::Graph::capture(LanguageModel::Impl &model, const CudaKernels &kernels)
{
    const CudaDriver &driver = *CudaDriver::get();
    if (const int error = inputs.take(step.inputs.nbytes()))
        return error;
    if (const int error = scores.take(step.scores.nbytes()))
        return error;
    // torch's stream can't be captured where it is the default one.
    CudaDriver::Handle stream = nullptr;
    if (const int error = driver.streamCreate(&stream, streamNonBlocking))
        return error;
    CudaDriver::Handle graph = nullptr;
    int error = driver.streamBeginCapture(stream, captureRelaxed);
    if (error == 0) {
        error = record(model, kernels, stream);
        const int ended = driver.streamEndCapture(stream, &graph);
        error = error != 0 ? error : ended;
    }
    if (error == 0)
        error = driver.graphInstantiate(&executable, graph, 0);
    if (graph)
        driver.graphDestroy(graph);
    driver.streamDestroy(stream);
    return error;
}

int CudaDecoder::Graph::record(LanguageModel::Impl &model, const CudaKernels &kernels, CudaDriver::Handle stream)
{
    const CudaDriver &driver = *CudaDriver::get();
    int error = driver.copyToCard(address(step.inputs), inputs.get(), step.inputs.nbytes(), stream);
    step.launch(model, [&](const char *name, DecodeStep::Grid grid, unsigned threads, void **arguments) {
        if (error == 0)
            error =
                driver.launchKernel(kernels.named(name), static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y),
                                    1, threads, 1, 1, 0, stream, arguments, nullptr);
    });
    return error != 0 ? error
                      : driver.copyFromCard(scores.get(), address(step.scores), step.scores.nbytes(), stream);
}

CudaDecoder::CudaDecoder(const LanguageModel::Impl &model)
{
    const char *use = std::getenv("ATTUNE_CUDA_GRAPHS");
    if (use && std::string_view(use) == "0")
        m_trouble = "ATTUNE_CUDA_GRAPHS is 0.";
    else if (!CudaKernels::on(model.embedding))
        m_trouble = "There are no CUDA kernels for this card.";
    else if (!DecodeStep::knows(model))
        m_trouble = "The kernels for decoding do not know a model of this form.";
}

CudaDecoder::~CudaDecoder() = default;

CudaDecoder::Graph *CudaDecoder::find(LanguageModel::Impl &model, std::int64_t rows, std::int64_t splits)
{
    const auto addresses = DecodeStep::addresses(model);
    for (auto i = m_graphs.begin(); i != m_graphs.end(); ++i)
        if ((*i)->step.rows() == rows && (*i)->step.splits() >= splits && (*i)->addresses == addresses) {
            m_graphs.splice(m_graphs.begin(), m_graphs, i);
            return m_graphs.front().get();
        }
    if (m_graphs.size() == mostGraphs)
        m_graphs.pop_back();
    auto graph = std::make_unique<Graph>(model, rows, splits);
    if (const int error = graph->capture(model, *CudaKernels::on(model.embedding))) {
        m_trouble = "The driver does not capture the step (" + CudaDriver::get()->words(error) + ").";
        return nullptr;
    }
    m_graphs.push_front(std::move(graph));
    return m_graphs.front().get();
}

std::optional<std::vector<float>> CudaDecoder::scores(LanguageModel::Impl &model,
                                                      std::span<const LanguageModel::Feed> feeds)
{
    if (!m_trouble.empty())
        return std::nullopt;
    const OnCard card(model.device);
    std::int64_t capacity = 0;
    for (const auto &feed : feeds)
        capacity = std::max(capacity, feed.cache->impl().capacity);
    const Graph *graph = find(model, DecodeStep::rowsFor(feeds.size()), DecodeStep::splitsFor(capacity));
    if (!graph)
        return std::nullopt;
    graph->step.describe(feeds, static_cast<std::uint8_t *>(graph->inputs.get()));
    const CudaDriver &driver = *CudaDriver::get();
    const CudaDriver::Handle stream = card.stream(model.device);
    int error = driver.graphLaunch(graph->executable, stream);
    if (error == 0)
        error = driver.streamSynchronize(stream);
    TORCH_CHECK(error == 0, "the captured step of decoding failed: ", driver.words(error));
    const auto *first = static_cast<const float *>(graph->scores.get());
    return std::vector<float>(first, first + static_cast<std::int64_t>(feeds.size()) * model.config.vocabSize);
}

std::optional<std::vector<float>> LanguageModel::Impl::scoresByGraph(std::span<const Feed> feeds)
{
    if (!device.is_cuda() || static_cast<std::int64_t>(feeds.size()) > DecodeStep::mostRows ||
        std::any_of(feeds.begin(), feeds.end(), [](const Feed &feed) { return feed.tokens.size() != 1; }))
        return std::nullopt;
    if (!graphs)
        graphs = std::make_shared<CudaDecoder>(*this);
    if (!graphs->trouble().empty())
        return std::nullopt;
    for (const Feed &feed : feeds)
        checkIds(feed.tokens);
    needPositions(growCaches(feeds));
    auto scores = graphs->scores(*this, feeds);
    if (scores)
        for (const Feed &feed : feeds)
            feed.cache->impl().length += 1;
    return scores;
}

} // namespace attune
