// A program that links the compiled library and sees nothing but declarations: what the library is to hold for it is
// used here, for float and for double, and in the forms that a program may choose (a source of batches that is const,
// that is not, that is moved in). That it links is the test.
#include <nib/all.hpp>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace {

// A loss of one's own: half the sum of squares.
struct SquaredSum {
    template <class T>
    using Targets = std::span<const int>;
    template <class T>
    double value(nib::MatrixView<const T> outputs, std::span<const int>) const {
        double sum = 0;
        for (const T y : outputs.values()) sum += static_cast<double>(y) * static_cast<double>(y);
        return sum / 2;
    }
    template <class T>
    void gradient(nib::MatrixView<const T> outputs, std::span<const int>, nib::MatrixView<T> dy) const {
        for (std::size_t i = 0; i < dy.size(); ++i) dy.data()[i] = outputs.data()[i];
    }
};

nib::Dataset blank_images(std::size_t count) {
    nib::Dataset data;
    data.rows = data.cols = 28;
    data.pixels.resize(784 * count);
    data.labels.resize(count);
    return data;
}

// Functions of files that few programs call.
void use_file(nib::TensorFile file) {
    file.check_counts();
    file.check_bytes();
    for (const auto& tensor : file.tensors()) {
        const std::vector<std::size_t> strides(tensor.shape.size(), 1);
        file.visit(tensor, strides, [](std::size_t, const std::byte*) {});
        static_cast<void>(file.checked_count(tensor) + file.source().unpacked_for(tensor.offset));
    }
    nib::TensorFile other = std::move(file);
    file = std::move(other);
}

void use_files(const std::string& path) {
    nib::AtomicFile{path}.remove_old();
    std::byte bytes[4]{};
    nib::ByteSource source{bytes, "bytes"};
    nib::ByteSource moved = std::move(source);
    moved.read(0, bytes);
    moved.check_bytes(0);
    source = std::move(moved);
}

template <class T, class Net>
void train(Net& net, nib::Dataset& data, const nib::Examples<T>& examples, const std::string& path) {
    nib::Rng rng{2};
    nib::Adam adam{net};
    const nib::FitOptions options{.epochs = 1, .batch_size = 2};
    nib::Augmented augmented{data};
    nib::fit(net, adam, data, options, rng);
    nib::fit(net, adam, augmented, options, rng);
    nib::fit(net, adam, examples, options, rng, SquaredSum{});

    nib::ThreadPool pool{2};
    nib::Gradients gradients{net, nib::NllLoss{}, &pool};
    const auto step = [&](const nib::Batch<T>& batch) {
        adam.step(net, gradients(net, batch));
        adam.step(net, gradients(net, batch).multiply_out());
    };
    for (const auto& batch : nib::batches<T>(data, 2, rng, &pool)) step(batch);
    for (const auto& batch : nib::batches<T>(std::as_const(data), 2)) step(batch);
    for (const auto& batch : nib::batches<T>(nib::Dataset{data}, 2)) step(batch);
    for (const auto& batch : nib::batches<T>(examples, 2)) step(batch);
    for (const auto& batch : nib::batches<T>(augmented, 2, rng)) step(batch);
    for (const auto& batch : nib::batches<T>(std::as_const(augmented), 2, rng)) step(batch);
    for (const auto& batch : nib::batches<T>(nib::Augmented{data}, 2, rng)) step(batch);

    static_cast<void>(nib::evaluate(net, data));
    static_cast<void>(nib::evaluate(net, examples));
    static_cast<void>(nib::accuracy(net, data));
    nib::Calibration calibration;
    nib::measure(net, data, calibration);
    static_cast<void>(calibration.bin(0).count + calibration.total());
    static_cast<void>(calibration.error());
    const nib::Matrix<T> x(3, 784);
    nib::RegressionScores scores;
    scores.add(x, x);
    static_cast<void>(nib::predict(net, x));
    static_cast<void>(nib::predict(net, x.row(0)));
    static_cast<void>(nib::probabilities(net, x));
    static_cast<void>(nib::probabilities(net, x.row(0)));
    static_cast<void>(nib::top_k(net, x, 3));
    static_cast<void>(nib::top_k(net, data.image(0), 3));

    nib::save_checkpoint(net, adam, rng, 1, path, {{"data", "digits"}});
    static_cast<void>(nib::checkpoint_record(path));
    static_cast<void>(nib::load_checkpoint(net, adam, rng, path));
    nib::save(net, path);
    nib::load(net, path);
    nib::TensorFile file = nib::open_safetensors(path);
    nib::load(net, file);
    for (const auto& tensor : file.tensors()) static_cast<void>(nib::values<T>(file, tensor));
    use_file(std::move(file));
    static_cast<void>(nib::load_mlp<T>(path));
    static_cast<void>(nib::mlp_widths<T>(path));
    nib::save_onnx(net, path);
    static_cast<void>(nib::layers_text(net.layers()));
}

template <class T>
void use(const std::string& path) {
    nib::Rng rng{1};
    nib::Dataset data = blank_images(6);
    nib::Matrix<T> x(4, 784);
    std::vector<int> classes(4);
    const nib::Examples<T> examples{x, classes};
    nib::BasicSequential<T, nib::Dense<784, 8>, nib::ReLU, nib::Dense<8, 10>, nib::LogSoftmax> net{rng};
    nib::BasicMlp<T> mlp{{784, 8, 10}, rng};
    train<T>(net, data, examples, path);
    train<T>(mlp, data, examples, path);
    nib::Workspace<T> workspace;
    const nib::BasicMlp<T> other{{784, 8, 10},
                                 rng,
                                 nib::Orthogonal{},
                                 {.activation = nib::LayerList<nib::Residual<nib::GELU>, nib::LeakyReLU<>>{},
                                  .norm = nib::LayerNorm{},
                                  .dropout = 0.1,
                                  .input = nib::Standardize{}}};
    static_cast<void>(other(x.row(0), workspace));
    static_cast<void>(nib::to_mlp(net));
    nib::save_npy<T>(path, {4, 784}, std::as_const(x).values());
    static_cast<void>(nib::load_npy<T>(path));
}

void use_ink(const std::string& path) {
    nib::Rng rng{1};
    nib::ThreadPool pool{2};
    const nib::Dataset images = nib::synthetic_digits(10, 1, &pool);
    std::vector<nib::Drawing> drawings = nib::synthetic_drawings(10, 1);
    drawings.push_back(nib::synthetic_digit(3, rng));
    static_cast<void>(nib::rasterize(drawings[0]));
    nib::save_drawings(path, drawings, nib::StrokeFormat::unipen);
    nib::DrawingReader reader{path};
    nib::Drawing drawing;
    while (reader.next(drawing)) static_cast<void>(drawing);
    nib::Mlp mlp{{784, 8, 10}, rng};
    const nib::Int8Mlp quantized = nib::quantize(mlp, images);
    static_cast<void>(quantized.kernel_layer(0));
    static_cast<void>(nib::save_header(mlp, path));
    static_cast<void>(nib::save_header(quantized, path));
    static_cast<void>(nib::header_text(mlp).size() + nib::header_text(quantized).size());
    nib::check_embeddable(mlp, nib::namespace_problem("digits"));
    static_cast<void>(nib::evaluate(quantized, images));
    static_cast<void>(nib::predict(quantized, nib::Matrix<float>(2, 784)));
}

}  // namespace

int main(int, char** argv) {
    const std::string path = std::string{argv[0]} + ".tmp";
    use<float>(path);
    use<double>(path);
    use_ink(path);
    use_files(path);
    std::remove(path.c_str());
}
