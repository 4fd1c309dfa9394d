import { TidewaiterError } from "@tidewaiter/core/errors";
import { eq } from "../storage/drizzle.ts";
import { dataKeys, settings } from "../storage/schema.ts";
import { insert, remove, select, selectOne, update, type Work } from "../storage/statement.ts";
import { read, write } from "../storage/unit.ts";
import { type DataKeyRow, type MasterKey, rewrapDataKey } from "./data-key.ts";

const MASTER_KEY = "master_key";

export const sealUnits = {
  activeMasterKey: write(function* (_unit, args: { candidate: string }): Work<string> {
    const known = yield* selectOne(settings, eq(settings.name, MASTER_KEY));
    if (known !== undefined) return known.value;
    yield* insert(settings, { name: MASTER_KEY, value: args.candidate });
    return args.candidate;
  }),

  dataKey: read(function* (_unit, args: { id: string }): Work<DataKeyRow | undefined> {
    return yield* selectOne(dataKeys, eq(dataKeys.id, args.id));
  }),

  /** A sealed value that is made once, whoever comes first. */
  sealedSetting: write(function* (_unit, args: { name: string; candidate: string; dataKey: DataKeyRow }): Work<string> {
    const known = yield* selectOne(settings, eq(settings.name, args.name));
    if (known !== undefined) return known.value;
    yield* insertDataKey(args.dataKey);
    yield* insert(settings, { name: args.name, value: args.candidate });
    return args.candidate;
  }),

  rewrap: write(function* (unit, args: { from: readonly MasterKey[]; to: MasterKey }): Work<{ count: number }> {
    const rows = yield* select(dataKeys);
    for (const row of rows) {
      const from = args.from.find((key) => key.id === row.masterKeyId);
      if (from === undefined)
        throw new TidewaiterError("internal", `master key ${row.masterKeyId} is not in the key file`);
      const moved = rewrapDataKey(row, from.key, args.to);
      yield* update(dataKeys, { wrapped: moved.wrapped, masterKeyId: moved.masterKeyId }, eq(dataKeys.id, row.id));
    }
    yield* update(settings, { value: args.to.id }, eq(settings.name, MASTER_KEY));
    unit.audit({ type: "master_key.rotated", data: { masterKeyId: args.to.id, dataKeys: rows.length } });
    return { count: rows.length };
  }),
};

/** For units that store a sealed value. Refuses a key under a master key that is no longer in force. */
export function* insertDataKey(row: DataKeyRow): Work<void> {
  const active = yield* selectOne(settings, eq(settings.name, MASTER_KEY));
  if (active?.value !== row.masterKeyId) {
    throw new TidewaiterError("conflict", "the master key was rotated meanwhile", { next: "Try again." });
  }
  yield* insert(dataKeys, row);
}

/** Erasing a data key makes what it seals unreadable for ever. */
export function* eraseDataKeyOf(sealed: string | null): Work<void> {
  const id = sealed?.split(".")[1];
  if (id !== undefined) yield* remove(dataKeys, eq(dataKeys.id, id));
}
