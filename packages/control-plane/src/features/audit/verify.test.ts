import { describe, expect, it } from "vitest";
import { auditHash } from "../../storage/unit.ts";
import type { AuditRow } from "./store.ts";
import { verifyAudit } from "./verify.ts";

function chain(length: number): AuditRow[] {
  const rows: AuditRow[] = [];
  for (let sequence = 1; sequence <= length; sequence++) {
    const facts = { id: `aud_${sequence}`, at: "2026-03-01T00:00:00.000Z", type: "a.b", data: `{"n":${sequence}}` };
    const nobody = { principalId: null, sessionId: null, resourceId: null };
    const row = { sequence, ...facts, ...nobody, previousHash: rows.at(-1)?.hash ?? "" };
    rows.push({ ...row, hash: auditHash(row) });
  }
  return rows;
}

function source(rows: readonly AuditRow[], written: readonly AuditRow[] = rows) {
  const last = written.at(-1);
  return {
    head: async () => ({ sequence: last?.sequence ?? 0, hash: last?.hash ?? "" }),
    list: async ({ after, limit }: { after: number; limit: number }) =>
      rows.filter((row) => row.sequence > after).slice(0, limit),
  };
}

describe("verifyAudit", () => {
  it("accepts a whole chain, longer than one read, and an empty one", async () => {
    expect(await verifyAudit(source(chain(2500)))).toMatchObject({ ok: true, events: 2500 });
    expect(await verifyAudit(source([]))).toMatchObject({ ok: true, events: 0 });
  });

  const whole = chain(9);
  const at = (sequence: number, change: Partial<AuditRow>) =>
    whole.map((row) => (row.sequence === sequence ? { ...row, ...change } : row));
  const rehashed = (sequence: number, change: Partial<AuditRow>) =>
    at(sequence, change).map((row) => (row.sequence === sequence ? { ...row, hash: auditHash(row) } : row));
  const damages: Record<string, readonly AuditRow[]> = {
    "a changed field": at(4, { data: '{"n":5}' }),
    "a changed field with its hash made anew": rehashed(4, { data: '{"n":5}' }),
    "a changed principal": at(4, { principalId: "prn_x" }),
    "a removed event": whole.filter((row) => row.sequence !== 4),
    "a removed first event": whole.slice(1),
    "a cut tail": whole.slice(0, 7),
    "two events exchanged": whole.map((row) => {
      const other = row.sequence === 4 ? whole[4] : row.sequence === 5 ? whole[3] : undefined;
      return other === undefined ? row : { ...other, sequence: row.sequence };
    }),
    "a last event made anew": rehashed(9, { data: '{"n":0}' }),
    "nothing left": [],
  };
  it.each(Object.entries(damages))("finds %s", async (_name, rows) => {
    const result = await verifyAudit(source(rows, whole));
    expect(result.ok).toBe(false);
    expect(result.problems.length).toBeGreaterThan(0);
  });
});
