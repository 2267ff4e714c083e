#include "recipe.hpp"

namespace examples {

namespace {

struct Setting {
    const char* option;
    const char* value;
};

// Few mistakes on MNIST's test images: wide layers, images changed anew in each epoch, small weights, and an average of
// the parameters over the last two thousand steps.
constexpr Setting best[] = {{"--augment", "yes"},
                            {"--hidden", "1024,1024"},
                            {"--epochs", "100"},
                            {"--batch", "128"},
                            {"--lr", "0.001"},
                            {"--weight-decay", "0.05"},
                            {"--schedule", "warmup-cosine"},
                            {"--ema", "0.9995"},
                            {"--threads", "2"}};

}  // namespace

void add_recipe(CommandLine& line, std::string& name) {
    line.option("--recipe", "NAME",
                "best: options that make few mistakes on MNIST, printed when it starts; those that are "
                "given too count",
                name, {"best"});
}

std::string take_recipe(CommandLine& line, const std::string& name) {
    if (name.empty()) return "";
    if (line.given("--resume"))
        throw UsageError("--recipe: a run that goes on from a checkpoint has that one's options");
    std::string text = "--recipe " + name + " is";
    for (const Setting& setting : best) {
        if (!line.given(setting.option)) line.set(setting.option, setting.value);
        const std::string value = line.value(setting.option);
        text += std::string(" ") + setting.option + (value == "yes" ? "" : " " + value);
    }
    return text + "\n";
}

}  // namespace examples
