/** Byte offset of UTF-8, as the parser counts, to UTF-16 code units of the JavaScript string. */
export type SourceMap = { readonly bytes: number; toUtf16(byte: number): number };

export function sourceMap(sql: string): SourceMap {
  const bytes = Buffer.byteLength(sql, "utf8");
  if (bytes === sql.length) return { bytes, toUtf16: (byte) => byte };
  const map = new Uint32Array(bytes + 1);
  let at = 0;
  for (let index = 0; index < sql.length; index++) {
    const code = sql.charCodeAt(index);
    const pair = code >= 0xd800 && code < 0xdc00 && (sql.charCodeAt(index + 1) & 0xfc00) === 0xdc00;
    const width = code < 0x80 ? 1 : code < 0x800 ? 2 : pair ? 4 : 3;
    map.fill(index, at, at + width);
    at += width;
    if (pair) index++;
  }
  map[bytes] = sql.length;
  return { bytes, toUtf16: (byte) => map[Math.min(byte, bytes)] ?? sql.length };
}
