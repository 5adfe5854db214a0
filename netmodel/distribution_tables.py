#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make distribution_tables.c: distribution_tables.py > distribution_tables.c

The tables are committed, so nothing here runs in a build. Everything is
computed with Decimal at 40 digits (no libm), so that any machine makes the
same file.

Entry i of a table of N is the quantile at probability i / (N - 1), times
65536. The two ends, which are infinite or far out, are set so that the
outermost interval, interpolated linearly, has the mean that the distribution
has there: tails are cut, the mean is kept.
"""
from decimal import Decimal as D, getcontext

getcontext().prec = 40
N = 4096
ONE = 65536
LOG_N = 2048
PI = D("3.141592653589793238462643383279502884197")
ROOT2 = D(2).sqrt()


def density(x):
    return (-x * x / 2).exp() / (2 * PI).sqrt()


def below(x):
    """The normal distribution function: Marsaglia's series (2004)."""
    if x < 0:
        return 1 - below(-x)
    total = term = x
    k = 1
    while term > D(10) ** -36:
        k += 2
        term = term * x * x / k
        total += term
    return D("0.5") + total * density(x)


def normal_quantiles():
    """Newton from the previous quantile; the curve is symmetric."""
    upper = {}
    x = D(0)
    for i in range(N // 2, N - 1):
        p = D(i) / (N - 1)
        while True:
            step = (below(x) - p) / density(x)
            x -= step
            if abs(step) < D(10) ** -18:
                break
        upper[i] = x
    lower = {N - 1 - i: -x for i, x in upper.items()}
    return lower | upper


Z = normal_quantiles()


def ends(q, low_mean, high_mean):
    """All entries, from inner quantiles and the means of the two ends."""
    values = [D(0)] + [q(i) for i in range(1, N - 1)] + [D(0)]
    values[0] = 2 * low_mean - values[1]
    values[N - 1] = 2 * high_mean - values[N - 2]
    return values


def p(i):
    return D(i) / (N - 1)


def normal():
    high = density(Z[N - 2]) * (N - 1)
    return ends(lambda i: Z[i], -high, high)


def exponential():
    """Exp(1) - 1."""
    tail = D(N - 1).ln()
    a = p(1)
    low = ((1 - a) * (1 - a).ln() + a) * (N - 1)
    return ends(lambda i: -(1 - p(i)).ln() - 1, low - 1, tail)


def power(x, y):
    return (x.ln() * y).exp()


def pareto():
    """Shape 3, minimum 1: mean 1.5; netem scales by 4/3."""
    third = D(1) / 3
    tail = D("1.5") * power(D(N - 1), third)
    a = p(1)
    low = D("1.5") * (1 - power(1 - a, 2 * third)) * (N - 1)

    def scale(x):
        return (x - D("1.5")) * 4 / 3

    def quantile(i):
        return scale(power(1 - p(i), -third))

    return ends(quantile, scale(low), scale(tail))


def lognormal():
    """exp(z), mean e^(1/2), variance e(e - 1), to mean 0, deviation 1."""
    e = D(1).exp()
    mean = e.sqrt()
    deviation = (e * (e - 1)).sqrt()
    high = mean * below(1 - Z[N - 2]) * (N - 1)
    low = mean * below(Z[1] - 1) * (N - 1)

    def scale(x):
        return (x - mean) / deviation

    return ends(lambda i: scale(Z[i].exp()), scale(low), scale(high))


def table(name, values):
    integers = [int((v * ONE).to_integral_value()) for v in values]
    assert integers == sorted(integers)
    declared = f"distribution_table_{name}[DISTRIBUTION_ENTRIES]"
    print(f"\nconst int32_t {declared} = {{")
    lines(integers)


def lines(integers):
    line = "   "
    for v in integers:
        if len(line) + len(str(v)) + 2 > 80:
            print(line)
            line = "   "
        line += f" {v},"
    print(line)
    print("};")


print("""/* SPDX-License-Identifier: Apache-2.0 */
/* Made by distribution_tables.py; do not edit. Quantiles of mean-0 variables
 * at probabilities i / 4095, in units of 1 / 65536; and binary logarithms. */
/* clang-format off */
#include "netmodel/distribution_tables.h\"""")
n = normal()
q = pareto()
table("normal", n)
table("pareto", q)
table("paretonormal", [(a + 3 * b) / 4 for a, b in zip(n, q)])
table("exponential", exponential())
table("lognormal", lognormal())
print("\n/* log2(1 + i / 2048) x 2^31 */")
print("const uint32_t distribution_table_log2[DISTRIBUTION_LOG_ENTRIES] = {")
logarithms = [(1 + D(i) / LOG_N).ln() / D(2).ln() for i in range(LOG_N + 1)]
lines([int((x * 2**31).to_integral_value()) for x in logarithms])
