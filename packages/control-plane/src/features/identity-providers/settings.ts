import { X509Certificate } from "node:crypto";
import { compileClaimExpression } from "@tidewaiter/core/claims/claim-expression";
import { z } from "zod";
import { secretReference, thingName } from "../shapes.ts";

/** Clear text stays on this machine. */
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

const issuerUrl = z
  .string()
  .max(500)
  .refine((text) => {
    const url = URL.parse(text);
    if (url === null || url.username !== "" || url.search !== "" || url.hash !== "") return false;
    return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.has(url.hostname));
  }, "an https:// address without a query (http only on this machine)");

/** A sign-in address of SAML may carry a query. */
const issuerUrlWithQuery = z
  .string()
  .max(1000)
  .refine((text) => {
    const url = URL.parse(text);
    if (url === null || url.username !== "" || url.hash !== "") return false;
    return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.has(url.hostname));
  }, "an https:// address (http only on this machine)");

function expression(kind: "condition" | "text" | "texts") {
  return z.string().superRefine((source, context) => {
    const compiled = compileClaimExpression(kind, source);
    if (!compiled.ok) context.addIssue({ code: "custom", message: compiled.message });
  });
}

const duration = z
  .string()
  .regex(/^\d{1,4}[smh]$/, "a number with s, m or h, such as 5m")
  .refine((text) => durationMs(text) >= 30_000 && durationMs(text) <= 24 * 3600_000, "30s to 24h");

/** Milliseconds. */
export function durationMs(text: string): number {
  const unit = { s: 1000, m: 60_000, h: 3600_000 }[text.slice(-1)] ?? 0;
  return Number(text.slice(0, -1)) * unit;
}

/** An OpenID Connect provider, as in an applied document. Expressions are CEL on the claims of ID token and userinfo. */
export const oidcFields = {
  type: z.literal("oidc"),
  /** On the button of the sign-in page. */
  title: z.string().min(1).max(60).optional(),
  issuer: issuerUrl,
  clientId: z.string().min(1).max(300),
  /** None: a public client, which PKCE protects. */
  clientSecret: secretReference.optional(),
  clientAuth: z.enum(["client_secret_basic", "client_secret_post"]).default("client_secret_basic"),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5B\x5D-\x7E]{1,200}$/))
    .max(30)
    .default(["openid", "profile", "email"]),
  /** Sent along to the provider's sign-in page, such as `prompt` or `hd`. */
  parameters: z.record(z.string().regex(/^[a-z_]{1,40}$/), z.string().max(300)).default({}),
  claims: z
    .strictObject({
      /** What names a person for ever at this provider. */
      subject: expression("text").default("claims.sub"),
      /** Name of the principal. */
      name: expression("text").default("claims.preferred_username"),
      /** Names of groups; left out, signing in changes no groups (as where SCIM does). */
      groups: expression("texts").optional(),
      /** Custom claims, kept as attributes of the principal. */
      attributes: z.record(z.string().regex(/^[a-z][a-z0-9_]{0,40}$/), expression("text")).default({}),
    })
    .prefault({}),
  /** From the provider's name of a group to ours; a name that is not here means the same group here. */
  groupNames: z.record(z.string().min(1).max(200), thingName).default({}),
  /** Makes groups that are not there yet; else only those that are count. */
  createGroups: z.boolean().default(false),
  /** Who may sign in, as a condition; everybody of the provider when it is left out. */
  allow: expression("condition").optional(),
  /** Domains of verified e-mail addresses that may sign in. */
  allowedDomains: z
    .array(z.string().regex(/^[a-z0-9.-]{1,200}$/))
    .max(100)
    .optional(),
  /** Makes a principal at the first sign-in; else it has to be there, linked or by SCIM. */
  createPrincipals: z.boolean().default(true),
  /**
   * `name`: whoever signs in for the first time takes over the principal of the same name. Only for a provider where
   * nobody chooses that claim themselves.
   */
  linkBy: z.enum(["none", "name"]).default("none"),
  /** How often the provider is asked whether somebody may still sign in. */
  revalidate: z.strictObject({ every: duration.default("5m"), by: z.enum(["refresh", "userinfo", "none"]) }).prefault({
    by: "refresh",
  }),
};

const oidcSettings = z.strictObject(oidcFields);

export type OidcSettings = z.output<typeof oidcSettings>;

const pemCertificate = z
  .string()
  .max(20_000)
  .refine((pem) => {
    try {
      return new X509Certificate(pem).publicKey.asymmetricKeyType !== undefined;
    } catch {
      return false;
    }
  }, "a certificate in PEM");

/**
 * A SAML 2.0 provider. Expressions are CEL on `claims.nameId`, `claims.nameIdFormat`, `claims.sessionIndex` and
 * `claims.attributes`, a map from the attribute's name to the list of its values.
 */
export const samlFields = {
  type: z.literal("saml"),
  title: oidcFields.title,
  /** Entity ID of the provider. */
  issuer: z.string().min(1).max(500),
  /** Where browsers are sent, by HTTP-Redirect. */
  entryPoint: issuerUrlWithQuery,
  /** Whose signatures count: more than one while the provider changes its key. */
  certificates: z.array(pemCertificate).min(1).max(5),
  /** Our own entity ID; default the address of our metadata. */
  entityId: z.string().min(1).max(500).optional(),
  /** The whole response signed as well; assertions have to be in any case. */
  signedResponse: z.boolean().default(false),
  /** With a key assertions have to be encrypted for it; the certificate goes into our metadata. */
  decryption: z.strictObject({ key: secretReference, certificate: pemCertificate }).optional(),
  /** Asks the provider to let people prove anew who they are. */
  forceAuthn: z.boolean().default(false),
  /** Seconds by which the provider's clock may be wrong. */
  skewSeconds: z.int().min(0).max(300).default(60),
  claims: z
    .strictObject({
      subject: expression("text").default("claims.nameId"),
      name: expression("text").default("claims.nameId"),
      groups: expression("texts").optional(),
      attributes: z.record(z.string().regex(/^[a-z][a-z0-9_]{0,40}$/), expression("text")).default({}),
    })
    .prefault({}),
  groupNames: oidcFields.groupNames,
  createGroups: oidcFields.createGroups,
  allow: oidcFields.allow,
  createPrincipals: oidcFields.createPrincipals,
  linkBy: oidcFields.linkBy,
};

const samlSettings = z.strictObject(samlFields);

export type SamlSettings = z.output<typeof samlSettings>;

/** All kinds of providers, told apart by `type`. */
export type ProviderSettings = OidcSettings | SamlSettings;
