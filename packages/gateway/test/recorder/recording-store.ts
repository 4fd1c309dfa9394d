import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditEventInput, ControlPlane, SessionEnd, SessionEvent } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { openSegment } from "@tidewaiter/core/recording/segment";
import { type ChainVerification, verifySegments } from "@tidewaiter/core/recording/verify";
import { primitives } from "../../src/recorder/primitives.ts";

export const KEY = Buffer.alloc(32, 9);

export function testSession(id: string) {
  return { id, recordingKey: { keyId: "mk_1", key: KEY.toString("base64"), wrapped: "d3JhcHBlZA==" } };
}

export const SUMMARY = { reason: "client left", statements: 1, refused: 0, held: 0, rows: 0, bytesToClient: 0 };

type Port = Pick<ControlPlane, "putSegment" | "appendAudit" | "endSession">;

/** The control plane's side of recordings: put-if-absent segments, in memory or in a directory that survives a kill. */
export interface RecordingStore extends Port {
  readonly audit: AuditEventInput[];
  readonly ended: Map<string, SessionEnd>;
  segments(sessionId: string): Uint8Array[];
  events(sessionId: string): SessionEvent[];
  verify(sessionId: string, end?: { segments: number; lastSegmentHash: string }): ChainVerification;
}

export function recordingStore(directory?: string): RecordingStore {
  const memory = new Map<string, Uint8Array>();
  const names = () => (directory === undefined ? [...memory.keys()] : readdirSync(directory)).sort();
  const read = (name: string) => {
    return directory === undefined ? (memory.get(name) ?? new Uint8Array()) : readFileSync(join(directory, name));
  };
  const write = (name: string, bytes: Uint8Array) => {
    if (directory === undefined) return void memory.set(name, bytes.slice());
    writeFileSync(join(directory, `.${name}`), bytes);
    renameSync(join(directory, `.${name}`), join(directory, name));
  };
  const store: RecordingStore = {
    audit: [],
    ended: new Map(),
    async putSegment(sessionId, sequence, bytes) {
      const name = `${sessionId}.${String(sequence).padStart(6, "0")}`;
      if (!names().includes(name)) return write(name, bytes);
      if (Buffer.compare(read(name), bytes) !== 0) throw new TidewaiterError("conflict", "another segment is there");
    },
    async appendAudit(event) {
      store.audit.push(event);
    },
    async endSession(sessionId, end) {
      store.ended.set(sessionId, end);
    },
    segments: (sessionId) =>
      names()
        .filter((name) => name.startsWith(`${sessionId}.`))
        .map(read),
    events: (sessionId) =>
      store.segments(sessionId).flatMap((bytes) => {
        const opened = openSegment(bytes, KEY, primitives);
        if (!opened.ok) throw new Error(opened.problem.detail);
        return [...opened.events];
      }),
    verify: (sessionId, end = store.ended.get(sessionId)) => {
      return verifySegments(store.segments(sessionId), primitives, { sessionId, ...end });
    },
  };
  return store;
}

export function notice(text: string, at = 1): SessionEvent {
  return { at, type: "notice", code: "N", text };
}

export function texts(events: readonly SessionEvent[]): string[] {
  return events.flatMap((event) => (event.type === "notice" ? [event.text] : []));
}
