// Every loss with several options as PyTorch has it: its value, its gradient, and 20 steps of gradient descent
// (tools/fixtures/losses.py).
#include <nib/train/gradients.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/io/tensor_formats.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/loss/bce_with_logits.hpp>
#include <nib/loss/cross_entropy.hpp>
#include <nib/loss/huber.hpp>
#include <nib/loss/kl_div.hpp>
#include <nib/loss/l1.hpp>
#include <nib/loss/mse.hpp>
#include <nib/model/sequential.hpp>
#include <nib/optim/sgd.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using nib::Reduction;

template <class T>
class Fixture {
public:
    std::vector<T> values(const std::string& name) { return nib::values<T>(file_, file_.at(name)); }
    nib::Matrix<T> matrix(const std::string& name) {
        const auto& shape = file_.at(name).shape;
        nib::Matrix<T> result(shape.at(0), shape.at(1));
        const auto numbers = values(name);
        std::copy(numbers.begin(), numbers.end(), result.data());
        return result;
    }

    template <class L>
    void check(std::string name, L loss, Reduction reduction, const char* ending, const std::vector<T>& weights) {
        loss.reduction = reduction;
        name += ending;
        CAPTURE(name);
        const std::vector<T> expected = values(name);
        constexpr bool of_classes = nib::has_class_targets<L, T>, of_logs = nib::needs_log_probabilities<L>;
        const std::vector<T> numbers = values("classes");
        const std::vector<int> classes(numbers.begin(), numbers.end());
        const auto rows = matrix(!of_logs ? "rows" : name.find("log") != name.npos ? "logs" : "probabilities");
        const auto of_rows = [&](std::size_t first, std::size_t count) {
            if constexpr (of_classes)
                return std::span<const int>{classes}.subspan(first, count);
            else
                return rows.view().middle_rows(first, count);
        };
        const auto some = [&](std::size_t first, std::size_t count) {
            return weights.empty() ? std::span<const T>{} : std::span<const T>{weights}.subspan(first, count);
        };

        nib::Matrix<T> y = matrix(of_logs ? "log_y" : "y"), dy(y.rows(), y.cols());
        const auto value = [&] { return loss.template value<T>(y, of_rows(0, 6), weights); };
        std::vector<T> found{static_cast<T>(value())};
        loss.template gradient<T>(y, of_rows(0, 6), dy, weights);
        found.insert(found.end(), dy.values().begin(), dy.values().end());
        if constexpr (std::is_same_v<T, double>)
            CHECK(reference::gradient_error(y.values(), dy.values(), value) < 1e-7);

        using Logits = nib::BasicSequential<T, nib::Dense<3, 5>, nib::Tanh, nib::Dense<5, 4>>;
        using Logs = nib::BasicSequential<T, nib::Dense<3, 5>, nib::Tanh, nib::Dense<5, 4>, nib::LogSoftmax>;
        std::conditional_t<of_logs, Logs, Logits> net;
        const auto initial = values("initial");
        std::copy(initial.begin(), initial.end(), net.parameters().begin());
        nib::Gradients gradients{net, loss};
        nib::Sgd sgd{net, {.learning_rate = 0.05}};
        const auto x = matrix("x");
        for (std::size_t step = 0; step < 20; ++step) {
            const std::size_t first = step % 2 == 0 ? 0 : 4, count = step % 2 == 0 ? 4 : 2;
            const nib::Batch<T, std::conditional_t<of_classes, int, T>> batch{
                .inputs = x.view().middle_rows(first, count),
                .targets = of_rows(first, count),
                .weights = some(first, count)};
            sgd.step(net, gradients(net, batch));
            found.push_back(static_cast<T>(gradients.loss()));
        }
        found.insert(found.end(), net.parameters().begin(), net.parameters().end());

        REQUIRE(found.size() == expected.size());
        double worst = 0;
        for (std::size_t i = 0; i < found.size(); ++i)
            worst = std::max(worst, std::abs(static_cast<double>(found[i] - expected[i])) /
                                        std::max(1.0, std::abs(static_cast<double>(expected[i]))));
        CHECK(worst < (std::is_same_v<T, float> ? 1e-5 : 1e-10));
    }
    template <class L>
    void check_all(const std::string& name, const L& loss) {
        const std::vector<T> weights = values("weights");
        check(name, loss, Reduction::mean, "_mean", {});
        check(name, loss, Reduction::mean, "_mean_weighted", weights);
        check(name, loss, Reduction::sum, "_sum_weighted", weights);
        check(name, loss, Reduction::batchmean, "_batchmean", {});
    }

private:
    nib::TensorFile file_ = nib::open_tensors(support::fixture("torch_losses.safetensors"));
};

}  // namespace

TEST_CASE_TEMPLATE("losses, their gradients and what is learned by them are PyTorch's", T, float, double) {
    Fixture<T> torch;
    const std::vector<double> class_weights{0.5, 2, 0.25, 3};
    torch.check_all("nll", nib::NllLoss{});
    torch.check_all("nll_options", nib::NllLoss{.class_weights = class_weights, .label_smoothing = 0.1});
    torch.check_all("cross_entropy", nib::CrossEntropyLoss{});
    torch.check_all("cross_entropy_weights", nib::CrossEntropyLoss{.class_weights = class_weights});
    torch.check_all("cross_entropy_smoothing", nib::CrossEntropyLoss{.label_smoothing = 0.3});
    torch.check_all("cross_entropy_options",
                    nib::CrossEntropyLoss{.class_weights = class_weights, .label_smoothing = 0.1});
    torch.check_all("mse", nib::MseLoss{});
    torch.check_all("l1", nib::L1Loss{});
    torch.check_all("huber", nib::HuberLoss{});
    torch.check_all("huber_delta", nib::HuberLoss{.delta = 0.3});
    torch.check_all("bce", nib::BceWithLogitsLoss{});
    torch.check_all("bce_pos_weight", nib::BceWithLogitsLoss{.pos_weight = {1, 0.5, 3, 2}});
    torch.check_all("kl_div", nib::KlDivLoss{});
    torch.check_all("kl_div_log", nib::KlDivLoss{.log_target = true});
}
