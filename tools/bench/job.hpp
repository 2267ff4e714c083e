// What the contestants of compare.py share: the jobs, and how results are printed. A contestant is a program
//   NAME JOB MNIST_DIR EPOCHS SEED
// that trains JOB and prints lines `key value`: epoch_seconds (one line an epoch), accuracy, batch_ms (10,000 images
// through the trained network), one_us (one image after the other, each alone), peak_mib.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <sys/resource.h>

namespace bench {

struct Job {
    std::vector<int> widths;
    int batch;
};

inline Job job_named(const std::string& name) {
    if (name == "A") return {{784, 64, 64, 64, 10}, 15};
    if (name == "B") return {{784, 800, 10}, 128};
    std::fprintf(stderr, "unknown job %s: expected A or B\n", name.c_str());
    std::exit(2);
}

class Stopwatch {
public:
    double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

inline void print(const char* key, double value) { std::printf("%s %.6g\n", key, value); }

inline void print_peak_memory() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    print("peak_mib", static_cast<double>(usage.ru_maxrss) / 1024);
}

}  // namespace bench
