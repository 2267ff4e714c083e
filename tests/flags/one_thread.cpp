// Where there are no threads, the parts of a run are run one after the other.
#include <nib/core/threads.hpp>

#include <vector>

int main() {
    nib::ThreadPool pool{3};
    std::vector<std::size_t> parts;
    for (int run = 0; run < 2; ++run) pool.parallel_for(3, [&](std::size_t part) { parts.push_back(part); });
    return pool.size() == 3 && parts == std::vector<std::size_t>{0, 1, 2, 0, 1, 2} ? 0 : 1;
}
