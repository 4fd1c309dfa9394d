import { Carry } from "@tidewaiter/toolkit/bytes/carry";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { checkControlLength, readControl, type SpdyFrame } from "./frames.ts";

const HEAD = 8;
const FIN = 0x01;

/**
 * Cuts bytes into frames. Control frames are kept until they are whole (up to 16 KiB); data frames, which may announce
 * 16 MiB, are handed on as they come. Throws a ProtocolError on what is no SPDY; nothing may be pushed after that.
 */
export class SpdyDecoder {
  #head = new Carry(HEAD);
  #control: { readonly head: Buffer; readonly body: Carry } | undefined;
  #data: { readonly stream: number; readonly fin: boolean; left: number } | undefined;

  push(chunk: Buffer): readonly SpdyFrame[] {
    const frames: SpdyFrame[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#data !== undefined) at = this.#takeData(this.#data, chunk, at, frames);
      else if (this.#control !== undefined) at += this.#takeControl(this.#control, chunk, at, frames);
      else {
        at += this.#head.fill(chunk, at, chunk.length);
        if (this.#head.missing === 0) this.#begin(this.#head.take(), frames);
      }
    }
    return frames;
  }

  #begin(head: Buffer, frames: SpdyFrame[]): void {
    this.#head = new Carry(HEAD);
    const length = head.readUInt32BE(4) & 0xffffff;
    if ((head.readUInt8(0) & 0x80) !== 0) {
      checkControlLength(length);
      if (length === 0) frames.push(readControl(head, Buffer.alloc(0)));
      else this.#control = { head, body: new Carry(length) };
      return;
    }
    const stream = head.readUInt32BE(0);
    if (stream === 0) throw new ProtocolError("malformed_message", "a data frame is of stream 0");
    const fin = (head.readUInt8(4) & FIN) !== 0;
    if (length === 0) frames.push({ type: "data", stream, bytes: Buffer.alloc(0), fin });
    else this.#data = { stream, fin, left: length };
  }

  #takeControl(
    control: { readonly head: Buffer; readonly body: Carry },
    chunk: Buffer,
    at: number,
    frames: SpdyFrame[],
  ): number {
    const { head, body } = control;
    const taken = body.fill(chunk, at, chunk.length);
    if (body.missing > 0) return taken;
    this.#control = undefined;
    frames.push(readControl(head, body.take()));
    return taken;
  }

  #takeData(
    data: { readonly stream: number; readonly fin: boolean; left: number },
    chunk: Buffer,
    at: number,
    frames: SpdyFrame[],
  ): number {
    const end = Math.min(chunk.length, at + data.left);
    data.left -= end - at;
    const last = data.left === 0;
    if (last) this.#data = undefined;
    frames.push({ type: "data", stream: data.stream, bytes: chunk.subarray(at, end), fin: last && data.fin });
    return end;
  }
}
