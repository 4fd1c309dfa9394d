import { TidewaiterError } from "@tidewaiter/core/errors";
import type { Weakening } from "../features/change-requests/weakening.ts";
import type { UnitDefinition, UnitOutcome } from "./unit.ts";

/** Units by feature and name, such as `units.principals.create`. */
export type UnitRegistry = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The async port over the units: `store.units.principals.create(args)`. */
export type Units<Registry> = {
  readonly [Feature in keyof Registry]: {
    readonly [Name in keyof Registry[Feature]]: Registry[Feature][Name] extends UnitDefinition<infer Args, infer Result>
      ? unknown extends Args
        ? () => Promise<Result>
        : (args: Args) => Promise<Result>
      : never;
  };
};

/** Runs one unit in one transaction. Rejects with `storage_unavailable` when the store is locked, full or gone. */
export interface UnitRunner {
  run(feature: string, name: string, args: unknown, now: string): Promise<UnitOutcome<unknown>>;
  /** Called when another process may have written to the outbox. */
  onRemoteChange(listener: () => void): void;
  close(): Promise<void>;
}

export interface Store<Registry> {
  readonly units: Units<Registry>;
  /** Called after every unit that wrote to the outbox, here or in another process. */
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly runner: UnitRunner;
  readonly registry: UnitRegistry;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function createStore<Registry>(options: StoreOptions): Store<Registry> {
  const listeners = new Set<() => void>();
  const notify = () => {
    for (const listener of listeners) listener();
  };
  options.runner.onRemoteChange(notify);
  const run = async (feature: string, name: string, args: unknown): Promise<unknown> => {
    const now = new Date(options.now()).toISOString();
    const outcome = await options.runner.run(feature, name, args, now);
    if (outcome.weakens !== undefined) {
      const kept = { unit: `${feature}.${name}`, args, findings: outcome.weakens };
      throw waitsForSecondPerson(await run("changeRequests", "open", kept), outcome.result);
    }
    if (outcome.lastChange !== undefined) notify();
    return outcome.result;
  };
  const units = Object.fromEntries(
    Object.entries(options.registry).map(([feature, members]) => [
      feature,
      Object.fromEntries(Object.keys(members).map((name) => [name, (args: unknown) => run(feature, name, args)])),
    ]),
  );
  return {
    units: units as Units<Registry>,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => options.runner.close(),
  };
}

/** What whoever made the change hears: it is kept, and who has to do what. `result` is what the unit would give. */
function waitsForSecondPerson(opened: unknown, result: unknown): TidewaiterError {
  const { shortId, findings } = opened as { readonly shortId: string; readonly findings: readonly Weakening[] };
  const why = findings.map((finding) => `${finding.noun} ${finding.name}: ${finding.why.join("; ")}`).slice(0, 10);
  const detail = `not done yet, kept as ${shortId}: this weakens protection and needs a second person (${why.join(". ")})`;
  return new TidewaiterError("second_person_needed", detail, {
    next: `tw changes show ${shortId}`,
    cause: { shortId, result },
  });
}

export function findUnit(registry: UnitRegistry, feature: string, name: string): UnitDefinition<unknown, unknown> {
  const unit = registry[feature]?.[name];
  if (unit === undefined) throw new Error(`there is no unit of work ${feature}.${name}`);
  return unit as UnitDefinition<unknown, unknown>;
}
