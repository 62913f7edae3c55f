/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stands in for AArch64's header where kernels are compiled for another CPU. */
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/arm/neon.h>
