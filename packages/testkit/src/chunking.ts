/** Cuts bytes into pieces of the given sizes, starting over at the first size when they run out. */
export function chunked(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  if (sizes.length === 0 || sizes.some((size) => !(size >= 1))) throw new RangeError("sizes must be 1 or more");
  const pieces: Uint8Array[] = [];
  for (let start = 0, turn = 0; start < bytes.length; turn++) {
    const end = start + (sizes[turn % sizes.length] ?? 1);
    pieces.push(bytes.subarray(start, end));
    start = end;
  }
  return pieces;
}

/**
 * Runs a decoder over the same bytes in one piece and byte by byte. A decoder that survives both in the same way does
 * not depend on how the network cut the stream. Returns `[whole, byteByByte]` for the test to compare.
 */
export function wholeAndByteByByte<T>(bytes: Uint8Array, run: (chunks: Uint8Array[]) => T): [T, T] {
  return [run([bytes]), run(chunked(bytes, [1]))];
}
