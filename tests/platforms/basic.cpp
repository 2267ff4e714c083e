// A small program that trains, saves, loads and predicts, and says so in one line. Its numbers hold in every locale.
#include <nib/all.hpp>

#include <cstdio>

int main(int argc, char** argv) {
    nib::Rng rng{5};
    nib::Matrix<float> x(240, 3);
    std::vector<int> y(240);
    for (float& value : x.values()) value = static_cast<float>(rng.uniform(-1, 1));
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = x(i, 0) + x(i, 1) * x(i, 2) > 0 ? 1 : 0;
    nib::Mlp net{{3, 20, 20, 2}, rng};
    nib::Adam adam{net, {.learning_rate = 0.01f}};
    nib::fit(net, adam, nib::Examples{x, y}, {.epochs = 20, .batch_size = 32}, rng);

    const char* const path = argc > 1 ? argv[1] : "basic.safetensors";
    nib::save(net, path);
    const nib::Mlp loaded = nib::load_mlp(path);
    std::uint64_t hash = 1469598103934665603u;
    for (const float value : loaded.parameters()) hash = (hash ^ std::bit_cast<std::uint32_t>(value)) * 1099511628211u;

    nib::ThreadPool pool{2};
    const bool numbers = nib::parse_number<double>("-1.5e3") == -1500.0 && !nib::parse_number<float>("1,5") &&
                         nib::format_shortest(0.1f) == "0.1" && nib::format_fixed(0.97, 4) == "0.9700";
    std::printf("accuracy %.4f class %d numbers %s hash %016llx\n", nib::accuracy(loaded, nib::Examples{x, y}),
                nib::predict(loaded, x.row(0)), numbers ? "right" : "wrong", static_cast<unsigned long long>(hash));
}
