import type { ByteReader } from "../bytes/byte-reader.ts";
import { ByteWriter } from "../bytes/byte-writer.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";

/** RFC 4251, section 5: a uint32 length and so many bytes. A view, not a copy. */
export function readString(reader: ByteReader, field: string): Buffer {
  return reader.bytes(reader.uint32(field), field);
}

/** A string that is text: UTF-8 without control characters, which would speak to terminals and break lines. */
export function readText(reader: ByteReader, field: string): string {
  const bytes = readString(reader, field);
  const text = bytes.toString("utf8");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are looked for
  if (!Buffer.from(text, "utf8").equals(bytes) || /[\u0000-\u001f\u007f-\u009f]/.test(text)) {
    throw new ProtocolError("malformed_message", `${field} is no plain text`);
  }
  return text;
}

export function writeString(writer: ByteWriter, value: Uint8Array | string): ByteWriter {
  const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
  return writer.uint32(bytes.length).bytes(bytes);
}

export function sshString(value: Uint8Array | string): Buffer {
  return writeString(new ByteWriter(), value).finish();
}

export function readUint64(reader: ByteReader, field: string): bigint {
  return (BigInt(reader.uint32(field)) << 32n) | BigInt(reader.uint32(field));
}

export function writeUint64(writer: ByteWriter, value: bigint): ByteWriter {
  if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new RangeError("not a uint64");
  return writer.uint32(Number(value >> 32n)).uint32(Number(value & 0xffff_ffffn));
}
