#include <nib/data/batches.hpp>

#include <vector>

int main() {
    const std::vector<int> classes{0, 1};
#ifdef NIB_BAD
    const nib::Examples examples{nib::Matrix<float>(2, 3), classes};
#else
    const nib::Matrix<float> x(2, 3);
    const nib::Examples examples{x, classes};
#endif
    return static_cast<int>(examples.size()) - 2;
}
