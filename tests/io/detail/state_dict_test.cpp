#include <nib/io/detail/state_dict.hpp>

#include "../../support.hpp"
#include "../torch_builder.hpp"

#include <nib/io/detail/pickle_reader.hpp>

#include <string>

using namespace support::pickle;

namespace {

// The names in the state_dict that is found, or what is wrong.
std::string found(const std::string& value) {
    const std::string bytes = pickled(value);
    const nib::Pickle pickle = nib::PickleReader{nib::bytes_of(bytes), "p", 0, nib::detail::torch_global_names}.read();
    const nib::detail::TorchValues values{pickle};
    nib::detail::StateDictSearch search{values};
    const auto dict = search.find();
    if (!dict) return search.problem();
    std::string names;
    pickle.for_each_pair(*dict, [&](auto key, auto) {
        nib::append_to_list(names, " ", pickle.text(key));
        return true;
    });
    return names;
}

std::string several(const std::string& list) {
    return "expected one state_dict, found several: " + list + ": save the one that you want alone";
}

const std::string state = dict({text("x"), tensor()});
const std::string other = dict({text("y"), tensor()});
const std::string config = dict({text("hidden"), integer(32)});
const std::string number = tensor({.shape = integers({}), .strides = integers({})});
const std::string longs = tensor({.type = global("torch", "LongStorage")});
const std::string adam = dict({text("state"), dict({text("x"), dict({text("exp_avg"), tensor()})}),
                               text("param_groups"), "]" + dict({text("lr"), integer(1)}) + "a"});

}  // namespace

TEST_CASE("the dict that alone holds tensors is the state_dict, whatever its key and depth") {
    CHECK(found(state) == "x");
    CHECK(found(dict({text("net"), state, text("acc"), integer(97), text("epoch"), integer(3)})) == "x");
    CHECK(found(dict({text("checkpoint"), dict({text("net"), state, text("config"), config})})) == "x");
    CHECK(found(dict({text("a"), dict({text("b"), dict({text("c"), dict({text("d"), state})})})})) == "x");
    CHECK(found(dict({text("config"), config, text("weights"), state, text("optimizer"), adam})) == "x");
    CHECK(found(dict({text("mine"), global("m", "Dict") + ")\x81" + text("x") + tensor() + "s"})) == "x");
    CHECK(found(call(global("collections", "defaultdict"), {global("builtins", "int")}) + text("net") + state + "s") ==
          "x");
}

TEST_CASE("the usual keys go before others, if tensors are there") {
    CHECK(found(dict({text("state_dict"), state, text("model"), config})) == "x");
    CHECK(found(dict({text("ema"), other, text("model"), state})) == "x");
    CHECK(found(dict({text("mean"), tensor(), text("model_state_dict"), state})) == "x");
    CHECK(found(dict({text("checkpoint"), dict({text("ema"), other, text("model"), state})})) == "x");
    CHECK(found(dict({text("model"), dict({text("weights"), state}), text("ema"), other})) == "x");
    CHECK(found(dict({text("model"), config, text("net"), state})) == "x");
    // The same dict under two keys is one.
    CHECK(found(dict({text("net"), state + "q\7", text("state_dict"), "h\7", text("ema"), other})) == "x");
    CHECK(found(dict({text("model"), state + "q\7", text("state_dict"), "h\7"})) == "x");
}

TEST_CASE("an optimizer's state is never taken") {
    CHECK(found(dict({text("optimizer"), adam, text("net"), state})) == "x");
    CHECK(found(dict({text("optG"), adam, text("optD"), adam, text("G"), state})) == "x");
    CHECK(found(dict({text("momenta"), dict({text("x"), dict({text("momentum_buffer"), tensor()})}), text("net"),
                      state})) == "x");
    // Keys that are numbers name no state_dict.
    CHECK(found(dict({text("net"), state, text("buffers"), dict({integer(0), other})})) == "x");
}

TEST_CASE("weights go before single numbers and integers") {
    CHECK(found(dict({text("loss"), number, text("net"), state})) == "x");
    CHECK(found(dict({text("rng_state"), longs, text("net"), state})) == "x");
    CHECK(found(dict({text("net"), state, text("labels"), dict({text("y"), longs})})) == "x");
    CHECK(found(dict({text("loss"), number, text("best"), dict({text("y"), number})})) ==
          several("the outermost dict and 'best'"));
    CHECK(found(dict({text("loss"), number})) == "loss");
}

TEST_CASE("it may stand in a list or tuple of values") {
    CHECK(found(tuple({state, adam, integer(3)})) == "x");
    CHECK(found("](" + config + dict({text("net"), state}) + "e") == "x");
    CHECK(found(tuple({state, other})) == several("an item of a tuple and an item of a tuple"));
    CHECK(found(dict({text("nets"), tuple({state})})) ==
          "expected a state_dict (tensors by name), or a dict that holds one, found 'nets': a tuple");
}

TEST_CASE("tensors that are not read go behind others") {
    const std::string sparse = call(global("torch._utils", "_rebuild_sparse_tensor"), {"N", tuple({tensor()})});
    const std::string complex = tensor({.type = global("torch", "ComplexFloatStorage")});
    CHECK(found(dict({text("grid"), sparse, text("net"), state})) == "x");
    CHECK(found(dict({text("phase"), complex, text("net"), state})) == "x");
    CHECK(found(dict({text("net"), dict({text("y"), sparse, text("x"), tensor()}), text("grid"), sparse})) == "y x");
}

TEST_CASE("several are listed") {
    CHECK(found(dict({text("generator"), state, text("discriminator"), other})) ==
          several("'generator' and 'discriminator'"));
    CHECK(found(dict({text("model"), state, text("state_dict"), other})) == several("'model' and 'state_dict'"));
    CHECK(found(dict({text("a"), dict({text("b"), state}), text("c"), other, text("mean"), tensor()})) ==
          several("the outermost dict, 'c' and 'a'.'b'"));
}

TEST_CASE("where there is none, it is said what there is") {
    const std::string expected = "expected a state_dict (tensors by name), or a dict that holds one, found ";
    CHECK(found("N") == expected + "None");
    CHECK(found("]" + tensor() + "a") == expected + "a list");
    CHECK(found("]" + config + "a") == expected + "a list");
    CHECK(found("]}a") == expected + "a list");
    CHECK(found("]") == expected + "a list");
    CHECK(found(adam) == expected + "an optimizer's state");
    CHECK(found(dict({text("adam"), adam})) == expected + "'adam': an optimizer's state");
    CHECK(found(config) == expected + "'hidden': an int");
    CHECK(found(dict({integer(1), config})) == expected + "a dict");
    CHECK(found(dict({})) == "");
    CHECK(found(dict({text("epoch"), integer(3), text("model"), dict({})})) == "");
    const std::string net = global("m", "Net") + ")\x81" + dict({text("_parameters"), state}) + "b";
    const std::string whole = "this file pickles whole modules (global m.Net): save net.state_dict() instead";
    CHECK(found(net) == whole);
    CHECK(found(dict({text("epoch"), integer(3), text("net"), net})) == whole);
    CHECK(found(dict({text("model"), net, text("mean"), tensor()})) == whole);
    // Beside a state_dict it is passed over.
    CHECK(found(dict({text("model"), net, text("state_dict"), state})) == "x");
    CHECK(found(dict({text("criterion"), net, text("net"), state})) == "x");
}

TEST_CASE("dicts that hold each other are looked at once") {
    CHECK(support::contains(found("}q\1" + text("model") + "h\1s"), "found 'model': a dict"));
    CHECK(found("}q\1(" + text("self") + "h\1" + text("net") + state + "u") == "x");
    // Twenty dicts, each of which holds the next a hundred times.
    std::string deep = state + "q" + std::string(1, '\0');
    for (int i = 0; i < 20; ++i) {
        const std::string last(1, static_cast<char>(i)), next(1, static_cast<char>(i + 1));
        std::vector<std::string> items;
        for (int j = 0; j < 100; ++j) {
            items.push_back(text(std::to_string(j)));
            items.push_back(i == 0 && j == 0 ? deep : "h" + last);
        }
        if (i > 0) items[1] = deep;
        deep = dict(items) + "q" + next;
    }
    CHECK(found(deep) == "x");
}
