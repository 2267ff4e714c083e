// What the compiled library holds of templates: all that its one unit instantiates, and nothing else does. all.hpp and
// nib.hpp include it behind all other headers (core/config.hpp explains the compiled library).
#pragma once

#include <nib/core/config.hpp>

#if defined(NIB_COMPILING) || defined(NIB_COMPILED)

#include <nib/data/batches.hpp>
#include <nib/layers/elu.hpp>
#include <nib/layers/gelu.hpp>
#include <nib/layers/leaky_relu.hpp>
#include <nib/layers/relu.hpp>
#include <nib/layers/sigmoid.hpp>
#include <nib/layers/silu.hpp>
#include <nib/layers/softplus.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/predict.hpp>
#include <nib/optim/adam.hpp>
#include <nib/optim/adamw.hpp>
#include <nib/optim/sgd.hpp>
#include <nib/train/evaluate.hpp>
#include <nib/train/gradients.hpp>

// Programs see the bodies of these, and are told not to compile them.
#define NIB_ACTIVATION_TEMPLATES(EXTERN, Rule, T)                              \
    EXTERN template void kernels::map<Rule>(std::span<const T>, std::span<T>); \
    EXTERN template void kernels::map_gradient<Rule>(std::span<const T>, std::span<const T>, std::span<T>);
#define NIB_UPDATE_TEMPLATES(EXTERN, Rule, T)                                                   \
    EXTERN template void kernels::update(const Rule<T>&, std::size_t, T*, const T*, T* const*); \
    EXTERN template void kernels::update(const Rule<T>&, const kernels::SparseProductRows<T>&, T*, T* const*);
#define NIB_VISIBLE_TEMPLATES(EXTERN, T)                                                                       \
    EXTERN template class Batches<T, const Dataset&>;                                                          \
    EXTERN template class BasicMlp<T>;                                                                         \
    EXTERN template int predict(const BasicMlp<T>&, std::span<const T>);                                       \
    EXTERN template auto probabilities(const BasicMlp<T>&, std::span<const T>);                                \
    EXTERN template std::vector<int> predict(const BasicMlp<T>&, const kernels::InputView<T>&, Workspace<T>&); \
    EXTERN template Matrix<T> probabilities(const BasicMlp<T>&, const kernels::InputView<T>&, Workspace<T>&);  \
    NIB_ACTIVATION_TEMPLATES(EXTERN, ReLU, T)                                                                  \
    NIB_ACTIVATION_TEMPLATES(EXTERN, LeakyReLU<>, T)                                                           \
    NIB_ACTIVATION_TEMPLATES(EXTERN, ELU<>, T)                                                                 \
    NIB_ACTIVATION_TEMPLATES(EXTERN, GELU, T)                                                                  \
    NIB_ACTIVATION_TEMPLATES(EXTERN, GELUTanh, T)                                                              \
    NIB_ACTIVATION_TEMPLATES(EXTERN, SiLU, T)                                                                  \
    NIB_ACTIVATION_TEMPLATES(EXTERN, Sigmoid, T)                                                               \
    NIB_ACTIVATION_TEMPLATES(EXTERN, Tanh, T)                                                                  \
    NIB_ACTIVATION_TEMPLATES(EXTERN, Softplus, T)                                                              \
    NIB_UPDATE_TEMPLATES(EXTERN, SgdMethod::Rule, T)                                                           \
    NIB_UPDATE_TEMPLATES(EXTERN, AdamRule, T)                                                                  \
    NIB_UPDATE_TEMPLATES(EXTERN, AdamWMethod::Rule, T)                                                         \
    EXTERN template class Optimizer<T, SgdMethod>;                                                             \
    EXTERN template class Optimizer<T, AdamMethod>;                                                            \
    EXTERN template class Optimizer<T, AdamWMethod>;                                                           \
    EXTERN template class Gradients<BasicMlp<T>>;                                                              \
    EXTERN template void check_data(const BasicMlp<T>&, const Dataset&);                                       \
    EXTERN template Evaluation evaluate(const BasicMlp<T>&, const Dataset&, NllLoss);                          \
    EXTERN template double accuracy(const BasicMlp<T>&, const Dataset&);

namespace nib::inline NIB_ABI {
#if !defined(NIB_COMPILING)
NIB_VISIBLE_TEMPLATES(extern, float)
NIB_VISIBLE_TEMPLATES(extern, double)
#else

// The library holds both these and those whose bodies programs do not see.
#define NIB_LIBRARY_TEMPLATES(T)                                                                                       \
    NIB_VISIBLE_TEMPLATES(, T)                                                                                         \
    template Table<T> load_csv(const std::string&, const CsvOptions&);                                                 \
    template Table<T> parse_csv(std::string_view, const std::string&, const CsvOptions&);                              \
    template NpyArray<T> parse_npy(std::span<const std::byte>, const std::string&);                                    \
    template NpyArray<T> load_npy(const std::string&);                                                                 \
    template void save_npy(const std::string&, const std::vector<std::size_t>&, std::span<const T>);                   \
    template void read_into(TensorFile&, const TensorInfo&, T*, std::span<const std::size_t>);                         \
    template std::vector<T> values<T>(TensorFile&, const TensorInfo&);                                                 \
    template void kernels::add(std::span<const T>, std::span<T>);                                                      \
    template void kernels::column_sums(MatrixView<const T>, T*);                                                       \
    template void kernels::scaled_exponentials(std::span<const T>, T, std::span<T>);                                   \
    template void kernels::gemv(const kernels::InputView<T>&, MatrixView<const T>, MatrixView<T>, const T*);           \
    template std::size_t kernels::append_nonzeros(std::span<const std::uint8_t>, kernels::Nonzero<T>*);                \
    template std::size_t kernels::append_nonzeros(std::span<const T>, kernels::Nonzero<T>*);                           \
    template bool kernels::looks_dense(std::span<const T>);                                                            \
    template kernels::InputView<T> kernels::find_nonzeros(MatrixView<const T>, const kernels::SparseStorage<T>&);      \
    template void kernels::scale_bytes(std::span<const std::uint8_t>, std::span<T>);                                   \
    template void kernels::sparse_matmul(const kernels::SparseMatrixView<T>&, MatrixView<const T>, MatrixView<T>,      \
                                         const T*, Range);                                                             \
    template void kernels::sparse_matmul_at_b_rows(const kernels::SparseProductRows<T>&, bool);                        \
    template void kernels::sparse_matmul_at_b(const kernels::SparseMatrixView<T>&, MatrixView<const T>,                \
                                              MatrixView<T>);                                                          \
    template void kernels::find_column(const kernels::SparseMatrixView<T>&, std::size_t, const kernels::Nonzero<T>**); \
    template void kernels::matmul(const kernels::InputView<T>&, MatrixView<const T>, MatrixView<T>, const T*);         \
    template void kernels::matmul_columns(const kernels::InputView<T>&, MatrixView<const T>, MatrixView<T>, const T*,  \
                                          Range);                                                                      \
    template void kernels::matmul_at_b(const kernels::InputView<T>&, MatrixView<const T>, MatrixView<T>);              \
    template void kernels::matmul_at_b_rows(MatrixView<const T>, MatrixView<const T>, std::size_t, MatrixView<T>);     \
    template void kernels::matmul_a_bt(MatrixView<const T>, MatrixView<const T>, MatrixView<T>);                       \
    template void kernels::matmul_a_bt_columns(MatrixView<const T>, MatrixView<const T>, MatrixView<T>, Range);        \
    template void BatchNorm::initialize(std::span<T>, LayerShape, Rng&);                                               \
    template void BatchNorm::initialize_buffers(std::span<T>, LayerShape);                                             \
    template void BatchNorm::forward(const Pass<T>&, MatrixView<const T>, MatrixView<T>);                              \
    template void BatchNorm::backward_input(const Pass<T>&, MatrixView<const T>, MatrixView<const T>,                  \
                                            MatrixView<const T>, MatrixView<T>);                                       \
    template void BatchNorm::parameter_gradient(const Pass<T>&, MatrixView<const T>, MatrixView<const T>,              \
                                                ParameterGradient<T>&);                                                \
    template void BatchNorm::update_buffers(std::span<const T>, std::span<T>);                                         \
    template void detail::drop(const Pass<T>&, double, MatrixView<const T>, MatrixView<T>);                            \
    template void detail::fill_uniform(std::span<T>, double, Rng&);                                                    \
    template void detail::fill_normal(std::span<T>, double, Rng&);                                                     \
    template void detail::fill_orthogonal(std::span<T>, LayerShape, double, Rng&);                                     \
    template void LayerNorm::initialize(std::span<T>, LayerShape, Rng&);                                               \
    template void LayerNorm::forward(const Pass<T>&, MatrixView<const T>, MatrixView<T>);                              \
    template void LayerNorm::backward_input(const Pass<T>&, MatrixView<const T>, MatrixView<const T>,                  \
                                            MatrixView<const T>, MatrixView<T>);                                       \
    template void LayerNorm::parameter_gradient(const Pass<T>&, MatrixView<const T>, MatrixView<const T>,              \
                                                ParameterGradient<T>&);                                                \
    template detail::LogSum<T> detail::log_sum(std::span<const T>);                                                    \
    template void log_softmax(MatrixView<const T>, MatrixView<T>);                                                     \
    template void log_softmax_gradient(MatrixView<const T>, MatrixView<const T>, MatrixView<T>);                       \
    template void PReLU::forward(const Pass<T>&, MatrixView<const T>, MatrixView<T>);                                  \
    template void PReLU::backward_input(const Pass<T>&, MatrixView<const T>, MatrixView<const T>, MatrixView<const T>, \
                                        MatrixView<T>);                                                                \
    template void PReLU::parameter_gradient(const Pass<T>&, MatrixView<const T>, MatrixView<const T>,                  \
                                            ParameterGradient<T>&);                                                    \
    template void softmax(MatrixView<const T>, MatrixView<T>);                                                         \
    template void softmax_gradient(MatrixView<const T>, MatrixView<const T>, MatrixView<T>);                           \
    template void Standardize::check_ready(std::span<const T>);                                                        \
    template void Standardize::initialize_buffers(std::span<T>, LayerShape);                                           \
    template void Standardize::forward(const Pass<T>&, MatrixView<const T>, MatrixView<T>);                            \
    template void Standardize::backward_input(const Pass<T>&, MatrixView<const T>, MatrixView<const T>,                \
                                              MatrixView<const T>, MatrixView<T>);                                     \
    template double BceWithLogitsLoss::value(MatrixView<const T>, MatrixView<const T>, std::span<const T>) const;      \
    template void BceWithLogitsLoss::gradient(MatrixView<const T>, MatrixView<const T>, MatrixView<T>,                 \
                                              std::span<const T>) const;                                               \
    template MatrixView<const T> run_forward(const NetworkView<T>&, const kernels::InputView<T>&, Workspace<T>&,       \
                                             const TrainingPass&);                                                     \
    template void reserve_forward(const NetworkView<T>&, std::size_t, bool, Workspace<T>&);                            \
    template DeferredGradient<T> run_backward(const NetworkView<T>&, MatrixView<const T>, std::size_t, Workspace<T>&,  \
                                              std::span<T>);                                                           \
    template void commit_buffers(detail::ArrayView<Step<T>>, Workspace<T>&, std::span<T>);                             \
    template class DeferredGradient<T>;                                                                                \
    template void detail::check_network(const NetworkView<T>&);                                                        \
    template std::string detail::not_finite_text(const std::vector<LayerTensor>&, std::span<const T>,                  \
                                                 const std::string&, bool);                                            \
    template struct detail::MlpLayout<T>;                                                                              \
    template void detail::save_network(const std::vector<LayerInfo>&, const NetworkNumbers<const T>&,                  \
                                       const SaveOptions&, const std::string&, TensorWriter*);                         \
    template void detail::load_network(const std::vector<LayerInfo>&, const NetworkNumbers<T>&, TensorFile&);          \
    template void detail::load_network(const std::vector<LayerInfo>&, const NetworkNumbers<T>&, const std::string&);   \
    template BasicMlp<T> load_mlp<T>(const std::string&);                                                              \
    template BasicMlp<T> load_mlp<T>(TensorFile&);                                                                     \
    template std::vector<std::size_t> mlp_widths<T>(const std::string&);                                               \
    template std::vector<std::size_t> mlp_widths<T>(const TensorFile&);                                                \
    template void detail::save_onnx_layers(const std::vector<LayerInfo>&, const std::vector<LayerOperators>&,          \
                                           const NetworkNumbers<const T>&, const std::string&);                        \
    template SgdMethod::Rule<T> SgdMethod::rule(const SgdMethod::Options&, std::uint64_t);                             \
    template AdamRule<T> detail::adam_rule(const char*, const AdamOptions&, std::uint64_t);                            \
    template class GradientAverage<T>;                                                                                 \
    template class ParameterAverage<T>;                                                                                \
    template class detail::Course<T>;                                                                                  \
    template struct NetworkCopy<T>;                                                                                    \
    template void detail::write_checkpoint(const std::vector<LayerInfo>&, const NetworkNumbers<const T>&,              \
                                           const OptimizerStates<T>&, const Rng&, int, const StringMap&,               \
                                           const std::string&, const detail::SavedState<T>&);                          \
    template detail::SavedState<T> detail::saved_state(const TrainingState<T>&, const std::string&);                   \
    template detail::LoadedCheckpoint<T> detail::read_checkpoint(                                                      \
        const std::vector<LayerInfo>&, const NetworkNumbers<const T>&, const OptimizerStates<T>&, TensorFile&, bool);  \
    template TrainingState<T> detail::loaded_state(detail::LoadedCheckpoint<T>&, TensorFile&);

NIB_LIBRARY_TEMPLATES(float)
NIB_LIBRARY_TEMPLATES(double)
template class Batches<float, const Augmented&>;
template NpyArray<std::int32_t> parse_npy(std::span<const std::byte>, const std::string&);
template NpyArray<std::int32_t> load_npy(const std::string&);
template void save_npy(const std::string&, const std::vector<std::size_t>&, std::span<const std::int32_t>);
template NpyArray<std::int64_t> parse_npy(std::span<const std::byte>, const std::string&);
template NpyArray<std::int64_t> load_npy(const std::string&);
template void save_npy(const std::string&, const std::vector<std::size_t>&, std::span<const std::int64_t>);
template NpyArray<std::uint8_t> parse_npy(std::span<const std::byte>, const std::string&);
template NpyArray<std::uint8_t> load_npy(const std::string&);
template void save_npy(const std::string&, const std::vector<std::size_t>&, std::span<const std::uint8_t>);

#undef NIB_LIBRARY_TEMPLATES
#endif
#undef NIB_VISIBLE_TEMPLATES
#undef NIB_UPDATE_TEMPLATES
#undef NIB_ACTIVATION_TEMPLATES
}  // namespace nib::inline NIB_ABI

#endif
