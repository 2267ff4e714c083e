#include <nib/train/history.hpp>

#include "../support.hpp"

#include <nib/io/file.hpp>

#include <clocale>
#include <string>

TEST_CASE("a history is a table, in which what there is not is empty") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("history.csv");
    nib::History history{{.epoch = 3, .loss = 0.1, .seconds = 0.25, .learning_rate = 1e-3},
                         {.epoch = 4,
                          .loss = 1.0 / 3,
                          .seconds = 2,
                          .learning_rate = 0,
                          .validation_loss = 0.5,
                          .validation_accuracy = 0.875},
                         {.epoch = 5, .loss = 1e-20, .seconds = 0, .learning_rate = 1e6, .validation_loss = 12345678}};
    const std::string header = "epoch,loss,validation_loss,validation_accuracy,learning_rate,seconds\n";
    // A locale with commas, where the machine has one, changes nothing.
    const std::string before = std::setlocale(LC_ALL, nullptr);
    for (const char* const name : {"C", "de_DE.UTF-8"}) {
        if (std::setlocale(LC_ALL, name) == nullptr) continue;
        nib::save_history(history, path);
        CHECK(nib::read_file(path) == header +
                                          "3,0.1,,,0.001,0.25\n"
                                          "4,0.3333333333333333,0.5,0.875,0,2\n"
                                          "5,0.00000000000000000001,12345678,,1000000,0\n");
    }
    std::setlocale(LC_ALL, before.c_str());

    nib::save_history({}, path);
    CHECK(nib::read_file(path) == header);
    const std::string nowhere = directory.path("none/history.csv");
    CHECK(support::error_of([&] { return nib::save_history(history, nowhere), 0; }).starts_with(nowhere + ": cannot"));
}
