// to_mlp(net): a Sequential as an Mlp, whose sizes are known at run time.
//
//   nib::save_header(nib::to_mlp(net), "digits.hpp");  // model/embed.hpp takes an Mlp
#pragma once

#include <nib/model/detail/dense_classifier.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/sequential.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

// Takes Sequentials of dense layers with ReLU between them and LogSoftmax at the end; any other is a compile error. The
// names of the layers in model files stay the same. Dropout is left out.
template <class T, class... Layers>
BasicMlp<T> to_mlp(const BasicSequential<T, Layers...>& net) {
    static_assert(detail::is_dense_classifier(typename detail::Flat<LayerList<Layers...>>::type{}),
                  "expected Dense layers with ReLU between them and LogSoftmax at the end, as an Mlp has");
    detail::check_network(net.view());
    std::vector<std::size_t> widths{net.input_size()};
    std::vector<std::string> names;
    for (const LayerTensor& tensor : net.tensors()) {
        constexpr std::string_view suffix = ".weight";
        if (!tensor.transposed) continue;
        widths.push_back(tensor.shape[0]);
        names.push_back(tensor.name.substr(0, tensor.name.size() - suffix.size()));
    }
    BasicMlp<T> result{std::move(widths)};
    result.set_layer_names(std::move(names));
    copy_values(net.parameters().data(), net.parameters().size(), result.parameters().data());
    return result;
}

}  // namespace nib::inline NIB_ABI
