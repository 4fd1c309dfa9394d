import { createHmac } from "node:crypto";
import { type CacheProvider, type Profile, SAML, type SamlConfig, ValidateInResponseTo } from "@node-saml/node-saml";
import type { SecretResolver } from "@tidewaiter/secret-stores";
import type { Claims } from "../mapped-identity.ts";
import type { SamlSettings } from "../settings.ts";
import { decryptAssertion } from "./decrypt-assertion.ts";
import { guardResponse, hasWeakSignature } from "./guard-response.ts";

/** Addresses of ours that a provider knows. */
export interface SamlPlace {
  readonly entityId: string;
  /** The assertion consumer service. */
  readonly callbackUrl: string;
}

export type SamlAnswer =
  | {
      readonly ok: true;
      readonly claims: Claims;
      readonly assertionId: string;
      readonly session: string | undefined;
      readonly authenticatedAt: string | undefined;
    }
  | { readonly ok: false; readonly reason: string };

/** An assertion is used at once, or not at all. */
const ASSERTION_AGE_MS = 5 * 60_000;
const CLAIM_LENGTH = 2000;
const VALUES_LIMIT = 1000;

/** SAML 2.0 by node-saml: signed assertions, for our audience, in answer to a request of the same browser. */
export class SamlServiceProvider {
  readonly #resolver: SecretResolver;

  constructor(resolver: SecretResolver) {
    this.#resolver = resolver;
  }

  /** The address at the provider, with an AuthnRequest whose id follows from the browser's cookie. */
  async requestUrl(settings: SamlSettings, place: SamlPlace, cookie: string): Promise<URL> {
    const saml = new SAML(await this.#config(settings, place, cookie));
    return new URL(await saml.getAuthorizeUrlAsync("", undefined, {}));
  }

  /** Metadata of ours, for the provider's administrator. */
  metadata(settings: SamlSettings, place: SamlPlace): string {
    const certificate = settings.decryption?.certificate ?? null;
    const plain = baseConfig(settings, place);
    const key = certificate === null ? {} : { decryptionPvk: "only its certificate is shown" };
    return new SAML({ ...plain, ...key }).generateServiceProviderMetadata(certificate);
  }

  /** Judges the provider's answer. Every way to be wrong is a value; its reason is ours, never the sender's text. */
  async judge(
    settings: SamlSettings,
    place: SamlPlace,
    given: { response: string; cookie: string },
  ): Promise<SamlAnswer> {
    const guarded = guardResponse(given.response, { encrypted: settings.decryption !== undefined });
    if (!guarded.ok) return refuse(guarded.reason);
    const saml = new SAML(await this.#config(settings, place, given.cookie));
    let profile: Profile | null;
    try {
      ({ profile } = await saml.validatePostResponseAsync({ SAMLResponse: given.response }));
    } catch (error) {
      return refuse(reasonOf(error));
    }
    const assertion = profile?.getAssertionXml?.();
    if (profile === null || assertion === undefined) return refuse("it holds no assertion");
    if (/<[!?]/.test(assertion)) return refuse("the assertion holds more than elements and text");
    const signed = settings.decryption === undefined ? guarded.xml : await this.#decrypted(settings, guarded.xml);
    if (signed === undefined || hasWeakSignature(signed)) return refuse("it is signed by a method that is too weak");
    if (profile.issuer !== settings.issuer) return refuse("it is of another issuer");
    if (!isForUs(assertion, guarded.xml, place.callbackUrl)) return refuse("it is for another address");
    return this.#answer(settings, profile, assertion);
  }

  /** The assertion with its signature, which node-saml does not give. */
  async #decrypted({ decryption }: SamlSettings, xml: string): Promise<string | undefined> {
    const sealed = /<((?:[\w.-]+:)?EncryptedAssertion)[\s>][\s\S]*<\/\1>/.exec(xml)?.[0];
    if (decryption === undefined || sealed === undefined) return undefined;
    const { value: key } = await this.#resolver.resolve(decryption.key);
    return decryptAssertion(sealed, key).catch(() => undefined);
  }

  #answer(settings: SamlSettings, profile: Profile, assertion: string): SamlAnswer {
    const { nameID, nameIDFormat, sessionIndex } = profile;
    const id = /^<(?:[\w.-]+:)?Assertion\s[^>]*?\bID\s*=\s*["']([^"']{1,300})["']/.exec(assertion)?.[1];
    if (id === undefined) return refuse("the assertion has no id");
    if (typeof nameID !== "string" || nameID === "" || nameID.length > CLAIM_LENGTH) return refuse("it names nobody");
    const transient = nameIDFormat?.endsWith(":transient") === true;
    if (transient && settings.claims.subject.includes("nameId")) {
      return refuse("its name is for this sign-in only; claims.subject has to be something that stays");
    }
    const instant = /\bAuthnInstant\s*=\s*["']([^"']{1,40})["']/.exec(assertion)?.[1];
    const at = instant === undefined ? Number.NaN : Date.parse(instant);
    return {
      ok: true,
      assertionId: id,
      session: sessionIndex,
      authenticatedAt: Number.isNaN(at) ? undefined : new Date(at).toISOString(),
      claims: {
        nameId: nameID,
        nameIdFormat: nameIDFormat ?? "",
        sessionIndex: sessionIndex ?? "",
        attributes: attributesOf(profile),
      },
    };
  }

  async #config(settings: SamlSettings, place: SamlPlace, cookie: string): Promise<SamlConfig> {
    const { decryption } = settings;
    const key = decryption === undefined ? undefined : (await this.#resolver.resolve(decryption.key)).value;
    const requestId = requestIdOf(cookie);
    return {
      ...baseConfig(settings, place),
      ...(key === undefined ? {} : { decryptionPvk: key }),
      generateUniqueId: () => requestId,
      validateInResponseTo: ValidateInResponseTo.always,
      cacheProvider: onlyRequest(requestId),
    };
  }
}

/** SAML 2.0 Profiles, section 4.1.4.3: the assertion names our address and, where it is named, so does the response. */
function isForUs(assertion: string, response: string, callbackUrl: string): boolean {
  const recipients = valuesOf(assertion, "SubjectConfirmationData", "Recipient");
  const destinations = valuesOf(response, "Response", "Destination");
  return recipients.length > 0 && [...recipients, ...destinations].every((address) => address === callbackUrl);
}

/** Of an attribute on every element of that name. */
function valuesOf(xml: string, element: string, attribute: string): string[] {
  const tags = [...xml.matchAll(new RegExp(`<(?:[\\w.-]+:)?${element}\\s[^>]*>`, "g"))];
  return tags.flatMap(([tag]) => {
    const value = new RegExp(`\\s${attribute}\\s*=\\s*["']([^"']*)["']`).exec(tag)?.[1];
    return value === undefined ? [] : [value.replaceAll("&amp;", "&")];
  });
}

function baseConfig(settings: SamlSettings, { entityId, callbackUrl }: SamlPlace): SamlConfig {
  return {
    issuer: entityId,
    audience: entityId,
    callbackUrl,
    entryPoint: settings.entryPoint,
    idpIssuer: settings.issuer,
    idpCert: settings.certificates,
    wantAssertionsSigned: true,
    wantAuthnResponseSigned: settings.signedResponse,
    acceptedClockSkewMs: settings.skewSeconds * 1000,
    maxAssertionAgeMs: ASSERTION_AGE_MS,
    forceAuthn: settings.forceAuthn,
    disableRequestedAuthnContext: true,
    identifierFormat: null,
    signatureAlgorithm: "sha256",
  };
}

/** XML ids begin with a letter or `_`. Nobody but the browser with the cookie can know which request it was. */
function requestIdOf(cookie: string): string {
  return `_${createHmac("sha256", cookie).update("saml request").digest("hex")}`;
}

/** In place of a memory of requests: the one that this browser was sent with. It is taken from the store once. */
function onlyRequest(requestId: string): CacheProvider {
  const instant = new Date().toISOString();
  return {
    saveAsync: async (_key, value) => ({ value, createdAt: Date.now() }),
    getAsync: async (key) => (key === requestId ? instant : null),
    removeAsync: async (key) => (key === requestId ? key : null),
  };
}

function attributesOf(profile: Profile): Record<string, readonly string[]> {
  const { attributes } = profile as { attributes?: Record<string, unknown> };
  return Object.fromEntries(
    Object.entries(attributes ?? {})
      .slice(0, 200)
      .map(([name, value]) => {
        const values: readonly unknown[] = Array.isArray(value) ? value : [value];
        const texts = values.filter((one): one is string => typeof one === "string" && one.length <= CLAIM_LENGTH);
        return [name, texts.slice(0, VALUES_LIMIT)];
      }),
  );
}

/** Of node-saml's texts those that help an administrator; the rest could quote what the sender wrote. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/signature/i, "its signature is not the provider's, or there is none"],
  [/InResponseTo/, "it answers another request"],
  [/audience/i, "it is for another audience"],
  [/not yet valid|expired|subject ?confirmation|NotBefore|NotOnOrAfter/i, "it is out of date, or for another address"],
  [/issuer/i, "it is of another issuer"],
  [/decrypt|encrypted/i, "it cannot be decrypted"],
];

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  return REASONS.find(([pattern]) => pattern.test(message))?.[1] ?? "it cannot be read";
}

function refuse(reason: string): SamlAnswer {
  return { ok: false, reason: `the provider's answer was not accepted: ${reason}` };
}
