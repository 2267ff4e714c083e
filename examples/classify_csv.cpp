// Learns classes from a table in CSV: standardised columns, a part of the lines set aside to stop in time, and the
// confusion matrix of that part at the end.
#include "common/command_line.hpp"
#include "common/paths.hpp"
#include "common/printable.hpp"

#include <nib/io/atomic_file.hpp>
#include <nib/nib.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace {

struct Options {
    std::string table;
    bool make = false;
    std::string column;
    int epochs = 200;
    std::uint64_t seed = 42;
    std::string save;
};

// 300 flowers of three kinds that nobody has seen: each measure is normally distributed around its kind's mean.
std::string made_up_flowers(std::uint64_t seed) {
    struct Kind {
        const char* name;
        double means[4];
    };
    const Kind kinds[] = {
        {"meadow", {5.0, 3.4, 1.5, 0.25}}, {"marsh", {5.9, 2.8, 4.3, 1.35}}, {"shore", {6.6, 3.0, 5.5, 2.0}}};
    const double deviations[] = {0.5, 0.35, 0.45, 0.25};
    nib::Rng rng{seed};
    std::string text = "sepal_length,sepal_width,petal_length,petal_width,kind\n";
    for (int i = 0; i < 300; ++i) {
        const Kind& kind = kinds[rng.below(3)];
        for (int k = 0; k < 4; ++k) text += nib::format_fixed(kind.means[k] + deviations[k] * rng.normal(), 2) + ",";
        text += kind.name + std::string("\n");
    }
    return text;
}

void make_table(const Options& options) {
    nib::AtomicFile file{options.table};
    file.write(made_up_flowers(options.seed));
    file.commit();
}

void classify(const Options& options) {
    const nib::CsvColumn column = options.column.empty() ? nib::CsvColumn{-1} : nib::CsvColumn{options.column};
    const nib::Table<float> table = nib::load_csv(options.table, {.class_column = column});
    nib::Rng rng{options.seed};
    const auto parts = nib::split(table.examples(), 0.75, rng, {.stratify = true});

    nib::Mlp net{
        {table.input_size(), 32, 32, table.class_names.size()}, rng, {.dropout = 0.2, .input = nib::Standardize{}}};
    nib::fit_standardize(net, parts.train);
    nib::AdamW adam{net, {.learning_rate = 0.01, .weight_decay = 0.01}};
    const auto result = nib::fit(net, adam, parts.train,
                                 {.epochs = options.epochs,
                                  .batch_size = 16,
                                  .schedule = nib::CosineAnnealingLR{.eta_min = 0.01},
                                  .patience = 20},
                                 rng, nib::Validation{parts.validation});
    std::printf("epochs %zu best %d\n", result.history.size(), result.best_epoch);

    const nib::Evaluation evaluation = nib::evaluate(net, parts.validation);
    std::vector<std::string> names;
    for (const std::string& name : table.class_names) names.push_back(examples::printable(name));
    std::printf("%s", evaluation.confusion().text(names).c_str());
    if (!options.save.empty()) nib::save_as(net, options.save);
    std::printf("validation accuracy %s (%zu/%zu)\n", nib::format_fixed(evaluation.accuracy(), 4).c_str(),
                evaluation.correct(), evaluation.total());
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    examples::CommandLine line{"classify_csv", "Learns classes from a table in CSV."};
    line.argument("TABLE", "lines of numbers and a class, separated by commas, semicolons or tabs", options.table);
    line.option("--class", "NAME", "the column with the classes; without it, the last", options.column);
    line.flag("--make", "first writes a table of made-up flowers to TABLE", options.make);
    line.option("--epochs", "N", "times through the table at most", options.epochs, 1, 1'000'000);
    line.option("--seed", "N", "of the flowers, the parts, initialisation and shuffling", options.seed, 0, UINT64_MAX);
    line.option("--save", "FILE", "writes the trained network, which standardises its inputs itself", options.save);
    return line.run(argc, argv, [&] {
        examples::check_outputs({{"TABLE", options.table}}, {{"--save", options.save}});
        examples::check_save(options.save);
        if (options.make) make_table(options);
        classify(options);
    });
}
