/** The middle value; of an even count the mean of the two in the middle. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Half the distance between the quartiles, as a share of the median: how much to trust a number. */
export function spread(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return (at(0.75) - at(0.25)) / 2 / median(values);
}

/**
 * Median of the ratios round by round. A round runs all routes close together, so what slows the machine for a while
 * falls out of the ratio.
 */
export function medianRatio(values: readonly number[], base: readonly number[]): number {
  const rounds = Math.min(values.length, base.length);
  return median(
    Array.from({ length: rounds }, (_, round) => (values[round] ?? Number.NaN) / (base[round] ?? Number.NaN)),
  );
}
