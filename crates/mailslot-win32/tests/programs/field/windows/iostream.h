// What the compilers of the books had.
#include <iostream>
using namespace std;
