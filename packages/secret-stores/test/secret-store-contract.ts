import { TidewaiterError } from "@tidewaiter/core/errors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseSecretReference } from "../src/secret-reference.ts";
import type { SecretStore } from "../src/secret-store.ts";

export interface StoreUnderTest {
  readonly store: SecretStore;
  /** A reference to a secret whose value is CANARY, one to a field of JSON, and such as must be refused or fail. */
  readonly good: string;
  readonly goodField: string;
  readonly missing: string;
  readonly refused: readonly string[];
  stop?(): Promise<void>;
}

export const CANARY = "s3cr3t-value-that-no-error-repeats";

/** What whoever resolves references may rely on, whatever the store. */
export function secretStoreContract(name: string, start: () => Promise<StoreUnderTest>): void {
  describe(`secret store ${name}`, () => {
    let under: StoreUnderTest;
    beforeAll(async () => {
      under = await start();
    });
    afterAll(() => under.stop?.());
    const resolve = (text: string, signal = AbortSignal.timeout(5_000)) =>
      under.store.resolve(parseSecretReference(text), signal);
    const failure = (work: Promise<unknown>) =>
      work.then(
        () => expect.fail("it resolved"),
        (error: unknown) => error as TidewaiterError,
      );

    it("resolves references of its scheme", async () => {
      expect(parseSecretReference(under.good).scheme).toBe(under.store.scheme);
      expect((await resolve(under.good)).value).toBe(CANARY);
    });

    it("takes one field of a secret, and its username along", async () => {
      expect(await resolve(under.goodField)).toMatchObject({ value: CANARY, username: "shop_reader" });
    });

    it("says what is missing, by its reference and never by a value", async () => {
      const missing = await failure(resolve(under.missing));
      expect(missing).toBeInstanceOf(TidewaiterError);
      expect(missing.code).toBe("secret_unavailable");
      expect(missing.detail).toContain(under.missing);
      const field = await failure(resolve(`${parseSecretReference(under.goodField).text.replace(/#.*/, "")}#nothing`));
      expect(field.code).toBe("secret_unavailable");
      for (const error of [missing, field]) expect(deepText(error)).not.toContain(CANARY);
    });

    it("refuses what it was not set up for, before anything is asked", async () => {
      for (const text of under.refused) {
        const reference = parseSecretReference(text);
        expect(() => under.store.check(reference), text).toThrow(/bad_request/);
        expect((await failure(resolve(text))).code, text).toBe("bad_request");
      }
    });

    it("refuses options that it does not know", () => {
      const { scheme, path } = parseSecretReference(under.good);
      expect(() => under.store.check(parseSecretReference(`${scheme}:${path}?colour=red`))).toThrow(/no option colour/);
    });
  });
}

/** Everything that a logger could print of it. */
function deepText(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error) ?? "";
  return `${error.stack} ${JSON.stringify(error)} ${deepText(error.cause ?? "")}`;
}
