#include <nib/io/tensor_file.hpp>

#ifdef NIB_BAD
using Number = long double;
#else
using Number = double;
#endif

std::vector<Number> numbers(nib::TensorFile& file) { return nib::values<Number>(file, file.tensors()[0]); }

int main() {}
