// What a network says of MNIST's test images, in a few numbers that two builds can be compared by:
//     answers MODEL FOLDER
//
// It prints how many it gets right, and hashes of all classes and of the bits of all outputs, each image alone and in
// batches.
#include <nib/core/error.hpp>
#include <nib/data/mnist.hpp>
#include <nib/model/model_file.hpp>
#include <nib/model/predict.hpp>

#include <bit>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string_view>
#include <vector>

namespace {

// FNV-1a.
class Hash {
public:
    void add(std::span<const float> numbers) {
        for (const float number : numbers) add(std::bit_cast<std::uint32_t>(number));
    }
    void add(std::uint32_t number) { value_ = (value_ ^ number) * 1099511628211u; }
    void print(const char* name) const { std::printf("%s %016llx\n", name, static_cast<unsigned long long>(value_)); }

private:
    std::uint64_t value_ = 14695981039346656037u;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
#if !defined(__cpp_exceptions)
    nib::set_fail_handler([](std::string_view text) {
        std::fprintf(stderr, "an Error: %.*s\n", static_cast<int>(text.size()), text.data());
    });
#endif
    const nib::Mlp net = nib::load_mlp(argv[1]);
    const nib::Dataset images = nib::load_mnist(argv[2], nib::Split::test);
    nib::Workspace<float> workspace;
    Hash classes, single, batched;
    std::size_t right = 0;
    constexpr std::size_t batch = 100;
    nib::Matrix<float> inputs(batch, images.input_size());
    for (std::size_t first = 0; first + batch <= images.size(); first += batch) {
        for (std::size_t i = 0; i < batch; ++i)
            for (std::size_t j = 0; j < images.input_size(); ++j)
                inputs(i, j) = static_cast<float>(images.pixels[(first + i) * images.input_size() + j]) / 255.0f;
        batched.add(net.forward(inputs, workspace).values());
        for (std::size_t i = 0; i < batch; ++i) {
            const std::vector<float> outputs = net(inputs.row(i));
            single.add(outputs);
            const int predicted = nib::predict(net, std::span<const float>{inputs.row(i)});
            classes.add(static_cast<std::uint32_t>(predicted));
            right += predicted == images.labels[first + i] ? 1 : 0;
        }
    }
    std::printf("right %zu\n", right);
    classes.print("classes");
    single.print("outputs");
    batched.print("batches");
}
