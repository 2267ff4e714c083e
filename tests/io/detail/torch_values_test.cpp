#include <nib/io/detail/torch_values.hpp>

#include "../../support.hpp"
#include "../torch_builder.hpp"

#include <nib/io/detail/pickle_reader.hpp>

#include <string>

using namespace support::pickle;
using nib::detail::TorchRole;
using nib::detail::TorchValues;

namespace {

const std::string subclass = global("torch._tensor", "_rebuild_from_type_v2");
const std::string parameter = global("torch._utils", "_rebuild_parameter");

// Calls use(values, root) for a pickle of this value.
template <class Use>
auto with(const std::string& value, const Use& use) {
    const std::string bytes = pickled(value);
    const nib::Pickle pickle = nib::PickleReader{nib::bytes_of(bytes), "p", 0, nib::detail::torch_global_names}.read();
    return use(TorchValues{pickle}, pickle.root());
}

std::string description(const std::string& value) {
    return with(value, [](const TorchValues& values, auto root) { return values.description(root); });
}
bool is_tensor(const std::string& value) {
    return with(value, [](const TorchValues& values, auto root) { return values.is_tensor(root); });
}
bool is_module(const std::string& value) {
    return with(value, [](const TorchValues& values, auto root) { return values.is_module(root); });
}

}  // namespace

TEST_CASE("values are described as Python calls them") {
    CHECK(description("N") == "None");
    CHECK(description("\x88") == "a bool");
    CHECK(description("K\1") == "an int");
    CHECK(description("G" + std::string(8, '\0')) == "a float");
    CHECK(description(text("x")) == "a str");
    CHECK(description("C\1x") == "bytes");
    CHECK(description(")") == "a tuple");
    CHECK(description("]") == "a list");
    CHECK(description("}") == "a dict");
    CHECK(description("\x8f") == "a set");
    CHECK(description("NQ") == "a storage");
    CHECK(description(tensor()) == "a tensor");
    CHECK(description(global("torch", "float32")) == "'torch.float32'");
    CHECK(description(global("collections", "OrderedDict")) == "'collections.OrderedDict'");
    CHECK(description(global("os", "system")) == "'os.system'");
    CHECK(description(call(global("torch", "Size"), {})) == "an object of 'torch.Size'");
    CHECK(description(call(global("numpy.core.multiarray", "scalar"), {})) ==
          "an object of 'numpy.core.multiarray.scalar'");
    CHECK(description(call(global("collections", "OrderedDict"), {"]"})) == "an object of 'collections.OrderedDict'");
    CHECK(description(call(call(global("m", "f"), {}), {})) == "an object");
}

TEST_CASE("tensors are what PyTorch's functions make, also those that are not read") {
    CHECK(is_tensor(tensor()));
    CHECK(is_tensor(call(parameter, {})));
    CHECK(is_tensor(call(subclass, {})));
    CHECK(is_tensor(call(global("torch._utils", "_rebuild_qtensor"), {})));
    CHECK_FALSE(is_tensor(call(global("torch", "Size"), {})));
    CHECK_FALSE(is_tensor(call(global("torch._utils", "_rebuild_other"), {})));
    CHECK_FALSE(is_tensor(global("torch._utils", "_rebuild_tensor_v2")));
    CHECK_FALSE(is_tensor("N"));
}

TEST_CASE("what makes a tensor's numbers is found under parameters and classes") {
    const auto role = [](const std::string& value) {
        return with(value, [](const TorchValues& values, auto root) {
            const nib::detail::TorchCall made = values.tensor_call(root);
            CHECK(made.problem == "");
            CHECK(made.arguments.size() == 6);
            return made.role();
        });
    };
    const std::string arguments =
        tuple({storage({}), integer(0), integers({2, 3}), integers({3, 1}), "\x89", ordered_dict({})});
    const std::string rebuild = global("torch._utils", "_rebuild_tensor_v2");
    const std::string of_class = call(subclass, {rebuild, global("m", "T"), arguments, "N"});
    CHECK(role(tensor()) == TorchRole::tensor);
    CHECK(role(call(parameter, {tensor(), "\x88", "}"})) == TorchRole::tensor);
    CHECK(role(of_class) == TorchRole::tensor);
    CHECK(role(call(parameter, {of_class, "\x88", "}"})) == TorchRole::tensor);
    CHECK(role(call(subclass, {parameter, global("m", "T"), tuple({tensor(), "\x88", "}"}), "}"})) ==
          TorchRole::tensor);
}

TEST_CASE("a module is what is given a state with parameters") {
    const std::string net = global("m", "Net") + ")\x81";
    CHECK(is_module(net + dict({text("training"), "\x88", text("_parameters"), "}"}) + "b"));
    CHECK_FALSE(is_module(net + dict({text("training"), "\x88"}) + "b"));
    CHECK_FALSE(is_module(net));
    CHECK_FALSE(is_module(dict({text("_parameters"), "}"})));
}
