// With -fkeep-inline-functions: all that programs see of inline functions finds in the compiled library what it calls.
#include <nib/all.hpp>

int main() {}
