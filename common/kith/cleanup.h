/* SPDX-License-Identifier: Apache-2.0 */
/* Scope-bound ownership. A local declared with kith_auto(type) is freed by type_free() when it leaves scope;
 * KITH_TAKE hands it over instead. Destructors accept NULL and half-built objects. */
#ifndef KITH_CLEANUP_H
#define KITH_CLEANUP_H

#include <stdlib.h>

#define KITH_MUST_CHECK __attribute__((warn_unused_result))

/* After the declaration of `void type_free(struct type *)`. */
#define KITH_DEFINE_AUTO(type)                                                                     \
    static inline void type##_freep(struct type **p)                                               \
    {                                                                                              \
        type##_free(*p);                                                                           \
    }

#define kith_auto(type) __attribute__((cleanup(type##_freep))) struct type *

/* Plain heap memory: `kith_auto_mem char *text = NULL;` */
static inline void kith_mem_freep(void *p)
{
    free(*(void **)p);
}
#define kith_auto_mem __attribute__((cleanup(kith_mem_freep)))

#define KITH_TAKE(p)                                                                               \
    __extension__({                                                                                \
        __typeof__(p) taken_ = (p);                                                                \
        (p) = (void *)0;                                                                           \
        taken_;                                                                                    \
    })

#define KITH_LEN(array) (sizeof(array) / sizeof((array)[0]))

#endif
