#include <nib/core/error.hpp>

#include <cstdio>
#include <typeinfo>

void throw_error();

int main() {
    try {
        throw_error();
    } catch (const nib::Error& error) {
        std::printf("caught: %s\n", error.what());
        return 0;
    } catch (const std::exception& error) {
        std::printf("expected nib::Error, caught %s\n", typeid(error).name());
    }
    return 1;
}
