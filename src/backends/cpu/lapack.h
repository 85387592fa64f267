// LAPACK by its Fortran names: OpenBLAS, on macOS Accelerate. Declared here because the C interface only adds copies:
// kernels hand over columns anyway. Character arguments have their lengths at the end, as gfortran expects them.
#pragma once

#include <cstddef>

extern "C" {
#define INGOT_LAPACK(T, gesv, getrf, potrf, geqrf, orgqr, gesdd, syevd)                                               \
  void gesv(const int* n, const int* k, T* a, const int* lda, int* pivots, T* b, const int* ldb, int* info);          \
  void getrf(const int* m, const int* n, T* a, const int* lda, int* pivots, int* info);                               \
  void potrf(const char* triangle, const int* n, T* a, const int* lda, int* info, std::size_t);                       \
  void geqrf(const int* m, const int* n, T* a, const int* lda, T* tau, T* work, const int* lwork, int* info);         \
  void orgqr(const int* m, const int* n, const int* k, T* a, const int* lda, const T* tau, T* work, const int* lwork, \
             int* info);                                                                                              \
  void gesdd(const char* job, const int* m, const int* n, T* a, const int* lda, T* s, T* u, const int* ldu, T* vt,    \
             const int* ldvt, T* work, const int* lwork, int* iwork, int* info, std::size_t);                         \
  void syevd(const char* job, const char* triangle, const int* n, T* a, const int* lda, T* values, T* work,           \
             const int* lwork, int* iwork, const int* liwork, int* info, std::size_t, std::size_t);
INGOT_LAPACK(float, sgesv_, sgetrf_, spotrf_, sgeqrf_, sorgqr_, sgesdd_, ssyevd_)
INGOT_LAPACK(double, dgesv_, dgetrf_, dpotrf_, dgeqrf_, dorgqr_, dgesdd_, dsyevd_)
#undef INGOT_LAPACK
#ifndef __APPLE__
void openblas_set_num_threads(int n);
int openblas_get_parallel(void);  // 0: built without threads
#endif
}

namespace ingot::cpu {

template <class T>
struct Lapack;
template <>
struct Lapack<float> {
  static constexpr auto gesv = sgesv_;
  static constexpr auto getrf = sgetrf_;
  static constexpr auto potrf = spotrf_;
  static constexpr auto geqrf = sgeqrf_;
  static constexpr auto orgqr = sorgqr_;
  static constexpr auto gesdd = sgesdd_;
  static constexpr auto syevd = ssyevd_;
};
template <>
struct Lapack<double> {
  static constexpr auto gesv = dgesv_;
  static constexpr auto getrf = dgetrf_;
  static constexpr auto potrf = dpotrf_;
  static constexpr auto geqrf = dgeqrf_;
  static constexpr auto orgqr = dorgqr_;
  static constexpr auto gesdd = dgesdd_;
  static constexpr auto syevd = dsyevd_;
};

}  // namespace ingot::cpu
