#include "core/model/cuda_compiler.h"

#include "core/base/files.h"
#include "core/model/devices.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <dlfcn.h>
#include <vector>
#include <xxhash.h>

namespace attune {
namespace {

/// nvrtc.h, which is not needed to build.
struct Nvrtc {
    using Program = void *;

    int (*version)(int *major, int *minor) = nullptr;
    int (*countOfCapabilities)(int *count) = nullptr;
    int (*capabilities)(int *values) = nullptr;
    int (*create)(Program *program, const char *source, const char *name, int headers, const char *const *,
                  const char *const *) = nullptr;
    int (*destroy)(Program *program) = nullptr;
    int (*compile)(Program program, int options, const char *const *option) = nullptr;
    int (*logSize)(Program program, std::size_t *size) = nullptr;
    int (*log)(Program program, char *text) = nullptr;
    int (*cubinSize)(Program program, std::size_t *size) = nullptr;
    int (*cubin)(Program program, char *code) = nullptr;
    int (*ptxSize)(Program program, std::size_t *size) = nullptr;
    int (*ptx)(Program program, char *code) = nullptr;

    static const Nvrtc *get();
};

template <typename Function>
bool find(void *library, const char *name, Function &function)
{
    function = reinterpret_cast<Function>(::dlsym(library, name));
    return function != nullptr;
}

/// NVRTC looks for its second library, libnvrtc-builtins, by name alone and has no run path: where the system does
/// not know it, it must be there already.
void loadBuiltins(const std::filesystem::path &folder)
{
    std::error_code ignored;
    for (const auto &entry : std::filesystem::directory_iterator(folder, ignored))
        if (entry.path().filename().string().starts_with("libnvrtc-builtins.so."))
            ::dlopen(entry.path().c_str(), RTLD_NOW | RTLD_LOCAL);
}

void *openLibrary()
{
    // Beside libtorch, where the wheels put it; in the cache, where installer/setup does, whatever LIBTORCH_ROOT is;
    // the system's last.
    const std::filesystem::path wheels = "nvidia/cu13/lib";
    const char *name = "libnvrtc.so.13";
    for (const std::filesystem::path &folder :
         {(torchFolder() / "../.." / wheels).lexically_normal(), cacheFolder() / "torch-2.11.0" / wheels})
        if (void *library = ::dlopen((folder / name).c_str(), RTLD_NOW | RTLD_LOCAL)) {
            loadBuiltins(folder);
            return library;
        }
    return ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
}

bool open(Nvrtc &nvrtc)
{
    void *library = openLibrary();
    return library && find(library, "nvrtcVersion", nvrtc.version) &&
           find(library, "nvrtcGetNumSupportedArchs", nvrtc.countOfCapabilities) &&
           find(library, "nvrtcGetSupportedArchs", nvrtc.capabilities) &&
           find(library, "nvrtcCreateProgram", nvrtc.create) && find(library, "nvrtcDestroyProgram", nvrtc.destroy) &&
           find(library, "nvrtcCompileProgram", nvrtc.compile) &&
           find(library, "nvrtcGetProgramLogSize", nvrtc.logSize) && find(library, "nvrtcGetProgramLog", nvrtc.log) &&
           find(library, "nvrtcGetCUBINSize", nvrtc.cubinSize) && find(library, "nvrtcGetCUBIN", nvrtc.cubin) &&
           find(library, "nvrtcGetPTXSize", nvrtc.ptxSize) && find(library, "nvrtcGetPTX", nvrtc.ptx);
}

const Nvrtc *Nvrtc::get()
{
    static Nvrtc nvrtc;
    static const bool there = open(nvrtc);
    return there ? &nvrtc : nullptr;
}

tl::unexpected<Error> missing()
{
    return fail(ErrorCode::NotFound, "NVIDIA's run-time compiler (libnvrtc.so.13) is not on this machine; run "
                                     "installer/setup, which fetches it where a driver answers.");
}

constexpr std::size_t checksumSize = 16;

/// A hash in so many hexadecimal digits.
std::string digits(std::string_view bytes)
{
    char text[checksumSize + 1];
    std::snprintf(text, sizeof text, "%016llx",
                  static_cast<unsigned long long>(XXH3_64bits(bytes.data(), bytes.size())));
    return text;
}

/// "sm_90", or "compute_120" for a card that only PTX can reach.
std::string target(const Nvrtc &nvrtc, int capability)
{
    int count = 0;
    nvrtc.countOfCapabilities(&count);
    std::vector<int> known(static_cast<std::size_t>(count));
    nvrtc.capabilities(known.data());
    int best = 0;
    for (const int c : known)
        if (c <= capability && c / 10 == capability / 10)
            best = std::max(best, c);
    if (best > 0)
        return "sm_" + std::to_string(best);
    int youngest = 0;
    for (const int c : known)
        if (c <= capability)
            youngest = std::max(youngest, c);
    return "compute_" + std::to_string(youngest);
}

} // namespace

Result<std::string> nvrtcVersion()
{
    const Nvrtc *nvrtc = Nvrtc::get();
    int major = 0;
    int minor = 0;
    if (!nvrtc || nvrtc->version(&major, &minor) != 0)
        return missing();
    return std::to_string(major) + "." + std::to_string(minor);
}

Result<std::string> compileCuda(std::string_view source, int capability)
{
    const Nvrtc *nvrtc = Nvrtc::get();
    if (!nvrtc)
        return missing();
    const std::string text(source);
    const std::string architecture = target(*nvrtc, capability);
    const std::string option = "--gpu-architecture=" + architecture;
    const std::array<const char *, 3> options = {option.c_str(), "--std=c++17",
                                                 "--device-as-default-execution-space"};
    Nvrtc::Program program = nullptr;
    if (nvrtc->create(&program, text.c_str(), "attune.cu", 0, nullptr, nullptr) != 0)
        return fail(ErrorCode::Internal, "NVRTC could not begin to compile the CUDA kernels.");
    const int compiled = nvrtc->compile(program, static_cast<int>(options.size()), options.data());
    std::string log;
    std::string code;
    if (compiled != 0) {
        std::size_t size = 0;
        if (nvrtc->logSize(program, &size) == 0) {
            log.resize(size);
            nvrtc->log(program, log.data());
        }
    } else {
        const bool machine = architecture.starts_with("sm_");
        std::size_t size = 0;
        if ((machine ? nvrtc->cubinSize : nvrtc->ptxSize)(program, &size) == 0) {
            code.resize(size);
            if ((machine ? nvrtc->cubin : nvrtc->ptx)(program, code.data()) != 0)
                code.clear();
        }
    }
    nvrtc->destroy(&program);
    if (code.empty())
        return fail(ErrorCode::Internal, "NVRTC could not compile the CUDA kernels for " + architecture + ".", log);
    return code;
}

Result<std::string> compiledCuda(std::string_view source, int capability, const std::filesystem::path &folder)
{
    ATTUNE_TRY(const std::string version, nvrtcVersion());
    const std::filesystem::path path =
        folder / (digits(version + " " + std::to_string(capability) + "\n" + std::string(source)) + ".bin");
    // The code stands behind its checksum: a driver that is given damaged code refuses it for good.
    if (const auto kept = readFile(path); kept && kept->size() > checksumSize) {
        std::string code = kept->substr(checksumSize);
        if (kept->starts_with(digits(code)))
            return code;
    }
    ATTUNE_TRY(std::string code, compileCuda(source, capability));
    std::error_code ignored;
    std::filesystem::create_directories(folder, ignored);
    (void)writeFileAtomically(path, digits(code) + code);
    return code;
}

} // namespace attune
