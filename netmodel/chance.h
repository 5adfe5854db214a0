/* SPDX-License-Identifier: Apache-2.0 */
/* Probabilities as integers: parts per billion, so that every percentage
 * with up to seven decimals is exact and prints back as it was written. */
#ifndef SEEDBED_CHANCE_H
#define SEEDBED_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

/* 0 = never, CHANCE_ONE = always. */
typedef uint32_t Chance;
#define CHANCE_ONE 1000000000u

/* Whether the uniform 32-bit @word falls within @chance. Bias below
 * 2^-32; 0 never hits and CHANCE_ONE always does. */
static inline bool
chance_hit(Chance chance, uint32_t word)
{
    return ((uint64_t)word * CHANCE_ONE >> 32) < chance;
}

/* @chance given that the previous event did (@last) or did not happen, so
 * that the long-run rate stays @chance and neighbours have correlation
 * @correlation: the two-state chain with P(hit|hit) = p + c(1 - p) and
 * P(hit|miss) = p(1 - c).
 *
 * netem mixes the previous *random number* in instead, which lowers small
 * rates far below what was asked for (Salsano, Ludovici, Ordine and Giannuzzi,
 * "Definition of a general and intuitive loss model for packet networks",
 * 2012, section 2); the words are netem's, the arithmetic keeps the rate. */
static inline Chance
chance_after(Chance chance, Chance correlation, bool last)
{
    uint64_t miss = last ? CHANCE_ONE - chance : chance;
    uint64_t kept = miss * (CHANCE_ONE - correlation) / CHANCE_ONE;

    return (Chance)(last ? CHANCE_ONE - kept : kept);
}

#endif
