import { TidewaiterError } from "@tidewaiter/core/errors";
import { fromText, unavailable } from "../read-fields.ts";
import { onlyOptions } from "../secret-reference.ts";
import type { SecretStore } from "../secret-store.ts";

/** `env:NAME`: variables of this process, those of `allowed` and no others. */
export function createEnvStore(
  allowed: readonly string[],
  readVariable: (name: string) => string | undefined,
): SecretStore {
  const names = new Set(allowed);
  const store: SecretStore = {
    scheme: "env",
    cacheMs: 0,
    check(reference) {
      onlyOptions(reference, []);
      if (names.has(reference.path)) return;
      throw new TidewaiterError("bad_request", `${reference.text}: this variable is not one that the server may read`, {
        next: "Start the server with --secret-env NAME.",
      });
    },
    async resolve(reference) {
      store.check(reference);
      const value = readVariable(reference.path);
      if (value === undefined) throw unavailable(reference, "the variable is not set");
      return fromText(reference, value);
    },
  };
  return store;
}
