import { SAML, ValidateInResponseTo } from "@node-saml/node-saml";
import { beforeAll, describe, expect, it } from "vitest";
import { newKeys, SamlProvider } from "./saml-provider.ts";
import { wrappingAttacks } from "./wrapping-attacks.ts";

const OURS = "https://gw.example/saml";

/** What the library refuses without our guard before it (guard-response.ts): the guard is the second lock, not the first. */
describe("node-saml alone, without our guard, on wrapped assertions (XSW1 to XSW8)", () => {
  let provider: SamlProvider;

  beforeAll(async () => {
    provider = new SamlProvider(await newKeys("idp.example"));
  });

  /** By attack, whom node-saml takes it to be, or `refused`. */
  async function judged(signedResponse: boolean): Promise<Record<string, string>> {
    const saml = new SAML({
      issuer: OURS,
      audience: OURS,
      callbackUrl: `${OURS}/acs`,
      entryPoint: provider.entryPoint,
      idpIssuer: provider.issuer,
      idpCert: [provider.keys.certificate],
      wantAssertionsSigned: true,
      wantAuthnResponseSigned: signedResponse,
      validateInResponseTo: ValidateInResponseTo.never,
    });
    const metadata = saml.generateServiceProviderMetadata(null);
    const answer = await provider.answer(metadata, { signResponse: signedResponse, nameId: "ada" });
    const signed = Buffer.from(answer, "base64").toString();
    const outcomes: Record<string, string> = {};
    for (const [attack, xml] of [["none", signed] as const, ...wrappingAttacks(signed, "root")]) {
      const SAMLResponse = Buffer.from(xml).toString("base64");
      const judging = saml.validatePostResponseAsync({ SAMLResponse });
      outcomes[attack] = await judging.then(
        ({ profile }) => profile?.nameID ?? "nobody",
        () => "refused",
      );
    }
    return outcomes;
  }

  const all = (outcome: string) =>
    Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`XSW${index + 1}`, outcome]));

  it("refuses all but the seventh where the assertion is signed, and takes that one for whom the provider signed", async () => {
    expect(await judged(false)).toEqual({ none: "ada", ...all("refused"), XSW7: "ada" });
  });

  it("refuses all where the response is signed", async () => {
    expect(await judged(true)).toEqual({ none: "ada", ...all("refused") });
  });
});
