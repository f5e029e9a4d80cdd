/* compiler.h: words to the compiler, and what they become where it does not
** know them. */
#ifndef HMAP_COMPILER_H
#define HMAP_COMPILER_H

#if defined(__GNUC__)
#  define ALWAYS_INLINE  inline __attribute__((always_inline))
#  define NOINLINE       __attribute__((noinline))
#  define ASSUME(x)      ((x) ? (void)0 : __builtin_unreachable())
#  define LIKELY(x)      __builtin_expect(!!(x), 1)
#  define UNLIKELY(x)    __builtin_expect(!!(x), 0)
#  define PREFETCH(p)    __builtin_prefetch(p)
#  define HIDDEN         __attribute__((visibility("hidden")))
#  define IN_REGISTER(x) __asm__("" : "+r"(x))
#else
#  define ALWAYS_INLINE inline
#  define NOINLINE
#  define ASSUME(x)   ((void)0)
#  define LIKELY(x)   (x)
#  define UNLIKELY(x) (x)
#  define PREFETCH(p) ((void)(p))
#  define HIDDEN
#  define IN_REGISTER(x) ((void)(x))
#endif

/* Before a loop of eight rounds: all one behind the other. */
#if defined(__clang__)
#  define UNROLL_8 _Pragma("clang loop unroll_count(8)")
#elif defined(__GNUC__)
#  define UNROLL_8 _Pragma("GCC unroll 8")
#else
#  define UNROLL_8
#endif

#endif
