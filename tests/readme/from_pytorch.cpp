// The C++ of examples/from_pytorch.md, and of the README on files: compiled, run, and compared with the pages.
#include <nib/all.hpp>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <span>
#include <string>
#include <vector>

namespace {

// Takes what an example makes of it.
template <class... T>
void use(const T&...) {}

// Eight features, of which the first decides the class.
struct Numbers {
    nib::Matrix<float> x{120, 8};
    nib::Matrix<float> y{120, 2};
    std::vector<int> classes = std::vector<int>(120);
    std::vector<float> weights = std::vector<float>(120, 1.0f);

    Numbers() {
        nib::Rng rng{3};
        for (float& value : x.values()) value = static_cast<float>(rng.normal());
        for (std::size_t i = 0; i < x.rows(); ++i) {
            classes[i] = x(i, 0) > 0 ? 1 : 0;
            y(i, 0) = x(i, 1);
        }
    }
};

void script(const nib::Dataset& train, const nib::Dataset& test) {
    // clang-format off
    using Digits = nib::Sequential<nib::Dense<784, 64>, nib::ReLU,
                                   nib::Dense<64, 10>, nib::LogSoftmax>;

    nib::Rng rng{42};
    Digits net{rng};
    nib::Adam adam{net, {.learning_rate = 1e-3}};
    nib::Gradients gradients{net, nib::NllLoss{}};
    for (int epoch = 0; epoch < 4; ++epoch) {
        for (const auto& batch : nib::batches(train, 64, rng))
            adam.step(net, gradients(net, batch));
        std::printf("%.4f\n", nib::accuracy(net, test));
    }
    // clang-format on
}

void networks(std::size_t inputs, nib::Rng& rng, const nib::Examples<float>& train) {
    nib::Mlp mlp{
        {inputs, 64, 64, 1}, rng, {.activation = nib::GELU{}, .norm = nib::BatchNorm{}, .dropout = 0.2, .output = {}}};

    using Layers = nib::LayerList<nib::Dense<784, 64>, nib::ReLU, nib::LeakyReLU<>, nib::LeakyReLU<0.2>, nib::PReLU,
                                  nib::ELU<>, nib::GELU, nib::GELUTanh, nib::SiLU, nib::Tanh, nib::Sigmoid,
                                  nib::Softplus, nib::Softmax, nib::LogSoftmax, nib::Dropout<0.5>, nib::BatchNorm,
                                  nib::LayerNorm, nib::Residual<nib::Dense<64, 64>, nib::GELU>>;
    use(mlp, Layers{}, nib::KaimingUniform{}, nib::XavierNormal{}, nib::XavierUniform{}, nib::Orthogonal{},
        nib::Zeros{});

    nib::Sequential<nib::Standardize, nib::Dense<8, 2>, nib::LogSoftmax> net{rng};
    nib::initialize(net, nib::KaimingNormal{}, rng);
    nib::fit_standardize(net, train);
}

void gradient_check(nib::Rng& rng) {
    const nib::BasicSequential<double, nib::Dense<3, 4>, nib::Tanh, nib::Dense<4, 2>, nib::LogSoftmax> net{rng};
    const nib::Matrix<double> x(2, 3);
    const std::vector<int> classes{0, 1};
    const nib::Batch<double> batch{x, classes};
    const nib::GradientCheck check = nib::check_gradients(net, batch);
    if (!check.passed) nib::fail(check.text());
}

void losses(const Numbers& numbers) {
    const auto& [x, y, classes, weights] = numbers;
    use(nib::NllLoss{}, nib::CrossEntropyLoss{}, nib::CrossEntropyLoss{.class_weights = {1, 2}, .label_smoothing = 0.1},
        nib::MseLoss{}, nib::MseLoss{.reduction = nib::Reduction::sum}, nib::L1Loss{}, nib::HuberLoss{.delta = 2},
        nib::BceWithLogitsLoss{.pos_weight = {1, 2}}, nib::KlDivLoss{},
        nib::KlDivLoss{.reduction = nib::Reduction::batchmean}, nib::Examples{x, classes}.weighted_by(weights));
}

void optimisers(const nib::Mlp& net) {
    use(nib::Sgd{net, {.learning_rate = 0.1, .momentum = 0.9, .nesterov = true}}, nib::Adam{net}, nib::Amsgrad{net},
        nib::AdamW{net, {.weight_decay = 0.01}}, nib::RmsProp{net}, nib::Adagrad{net});

    nib::AdamW adamw{net};
    nib::AdamWOptions no_decay = adamw.options();
    no_decay.weight_decay = 0;
    adamw.add_group(nib::parameters_named(net, "bias"), no_decay);
    adamw.freeze(nib::layer_parameters(net, "0"));

    const nib::Schedule schedules[] = {
        nib::StepLR{.step_size = 10},
        nib::ExponentialLR{.gamma = 0.9},
        nib::CosineAnnealingLR{},
        nib::OneCycleLR{},
        nib::ReduceLROnPlateau{.patience = 5},
        nib::LinearWarmup{.epochs = 5}.then(nib::CosineAnnealingLR{}),
        [](const nib::ScheduleTime& time) { return 1 - time.progress / 2; },
    };
    use(schedules);
}

void data_sets(const Numbers& numbers, const nib::Dataset& digits, const std::string& folder, const std::string& path) {
    nib::Rng rng{42};
    const auto& [x, y, classes, weights] = numbers;
    const nib::Examples data{x, classes};
    const std::vector<float>& column = weights;
    use(nib::Examples{x, classes}, nib::Examples{x, y}, nib::Examples{x, column},
        nib::load_mnist(folder, nib::Split::train), nib::batches(data, 32, rng), nib::split(data, 0.8, rng),
        nib::split(data, 0.8, rng, {.stratify = true}), nib::Subset{data, {0, 2}}, nib::Augmented{digits},
        nib::Autoencoding{digits}, nib::load_csv(path, {.class_column = "kind"}));
}

void loop(nib::Mlp& net, const nib::Examples<float>& data) {
    nib::Rng rng{42};
    nib::Adam adam{net};
    // clang-format off
    const auto parts = nib::split(data, 0.8, rng);
    const nib::FitResult result = nib::fit(net, adam, parts.train,
                                           {.epochs = 20,
                                            .batch_size = 32,
                                            .threads = 2,
                                            .schedule = nib::CosineAnnealingLR{},
                                            .accumulate = 2,
                                            .ema_decay = 0.99,
                                            .patience = 5},
                                           rng, nib::NllLoss{}, nib::Validation{parts.validation},
                                           [](const nib::EpochReport& epoch) {
                                               std::printf("%d %.4f\n", epoch.epoch, *epoch.validation_loss);
                                           });
    std::printf("best epoch %d of %zu\n", result.best_epoch, result.history.size());
    // clang-format on
}

void clipping(nib::Mlp& net, const nib::Examples<float>& data) {
    use(nib::FitOptions{.clip_value = 1}, nib::FitOptions{.clip_norm = 1});
    nib::Adam adam{net};
    nib::Gradients gradients{net, nib::NllLoss{}};
    for (const auto& batch : nib::batches(data, 32)) {
        const std::span<float> all = gradients(net, batch).multiply_out();
        nib::clip_grad_value(all, 1);
        nib::clip_grad_norm(all, 1);
        adam.step(net, all);
    }
}

void answers(const nib::Mlp& net, const Numbers& numbers) {
    const auto& [x, y, classes, weights] = numbers;
    const nib::Examples data{x, classes};
    const nib::MatrixView<const float> examples = x;
    const std::span<const float> example = x.row(0);
    nib::Workspace<float> workspace;
    // clang-format off
    {
        nib::Workspace<float> w; net.forward(x, w);
    }
    // clang-format on
    use(weights, y, net(example), nib::predict(net, examples, workspace), nib::probabilities(net, example),
        nib::top_k(net, example, 2), nib::accuracy(net, data));
    const nib::ConfusionMatrix confusion = nib::evaluate(net, data).confusion();
    use(confusion.f1(nib::Average::macro), confusion.text());
}

void regression_scores(const nib::Mlp& net, const Numbers& numbers) {
    const nib::Examples regression{numbers.x, numbers.y};
    nib::RegressionScores scores;
    nib::measure(net, regression, scores);
}

void files(nib::Mlp& net) {
    nib::Rng rng{42};
    const nib::Adam adam{net};
    const int epoch = 1;
    nib::save_torch(net, "net.pth");    // for net.load_state_dict(torch.load("net.pth"))
    nib::save(net, "net.safetensors");  // for safetensors.torch.load_model(net, "net.safetensors")
    nib::load(net, "net.pth");          // what torch.save(net.state_dict(), "net.pth") wrote
    nib::save_npz(net, "net.npz");
    use(nib::load_mlp("net.safetensors"));
    nib::save_checkpoint(net, adam, rng, epoch, "run.ckpt");
    nib::save_onnx(net, "net.onnx");
}

}  // namespace

int main() try {
    const Numbers numbers;
    const nib::Examples data{numbers.x, numbers.classes};
    const nib::Dataset digits = nib::synthetic_digits(200, 1);
    nib::save_images(digits, "train");
    nib::AtomicFile table{"kinds.csv"};
    table.write("a,kind\n1,x\n2,y\n");
    table.commit();
    nib::Rng rng{42};
    nib::Mlp net{{8, 16, 2}, rng};
    const nib::Mlp regressor{{8, 16, 2}, rng, {.output = {}}};
    script(digits, digits);
    networks(8, rng, data);
    gradient_check(rng);
    losses(numbers);
    optimisers(net);
    data_sets(numbers, digits, ".", "kinds.csv");
    loop(net, data);
    clipping(net, data);
    answers(net, numbers);
    regression_scores(regressor, numbers);
    files(net);
} catch (const std::exception& error) {
    std::fprintf(stderr, "from_pytorch: %s\n", error.what());
    return 1;
}
