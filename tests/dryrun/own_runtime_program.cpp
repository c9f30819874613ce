// A program, or a library, as it is where CUDA's runtime is linked into it: it holds kernels, in the section
// that nvcc puts them in, and is not linked with libcudart.
asm(".section .nv_fatbin, \"a\"\n.quad 0\n.previous");

int main() {}
