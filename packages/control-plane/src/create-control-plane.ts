import type { ControlPlane } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { SecretResolver } from "@tidewaiter/secret-stores";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { buildApp } from "./build-app.ts";
import { createPort } from "./control-plane-port.ts";
import type { ControlPlaneDeps } from "./deps.ts";
import { AgentService } from "./features/agents/service.ts";
import { CertificateAuthorities } from "./features/certificates/authorities.ts";
import { CertificateService } from "./features/certificates/service.ts";
import { ChangeFeed } from "./features/changes/feed.ts";
import { FederationService } from "./features/federation/service.ts";
import { OidcClients } from "./features/identity-providers/oidc-client.ts";
import { Revalidation } from "./features/identity-providers/revalidate.ts";
import { IdentityProviders } from "./features/identity-providers/service.ts";
import { Attempts } from "./features/login/attempts.ts";
import { localIdentity } from "./features/login/identity.ts";
import { hashPassword } from "./features/login/password.ts";
import { LoginService } from "./features/login/service.ts";
import { openNotificationLinks } from "./features/notifications/link.ts";
import { startSender } from "./features/notifications/sender.ts";
import { newPassword } from "./features/principals/routes.ts";
import { RecordingService } from "./features/recordings/service.ts";
import { ReviewService } from "./features/reviews/service.ts";
import { ScimService } from "./features/scim/service.ts";
import { FactorEnrolment } from "./features/second-factors/enrolment.ts";
import { SecondFactors } from "./features/second-factors/service.ts";
import { StepUpLinks } from "./features/second-factors/step-up-links.ts";
import { openKeyProofs } from "./features/secrets/key-proofs.ts";
import { openTokenKey, SessionService } from "./features/sessions/service.ts";
import { principalName } from "./features/shapes.ts";
import { WatchService } from "./features/watches/service.ts";
import { WebSessions } from "./features/web-session/service.ts";
import { MasterKeyFile } from "./seal/key-file.ts";
import { Sealer } from "./seal/sealer.ts";
import type { Services } from "./services.ts";
import { AccessTokens } from "./signing/access-token.ts";
import { SigningKeyRing } from "./signing/key-ring.ts";
import { SecretGrantSigner } from "./signing/secret-grant.ts";
import { SessionGrantSigner } from "./signing/session-grant.ts";
import { type ControlPlaneStore, openStore } from "./storage/open-store.ts";
import { startSweeper } from "./sweeper.ts";

export interface RunningControlPlane {
  /** What a gateway in this process uses. */
  readonly port: ControlPlane;
  /** Not listening yet. */
  readonly app: FastifyInstance;
  /** Makes the first administrator; false (and nothing happens) when there is any principal. */
  bootstrapAdmin(admin: { readonly name: string; readonly password: string }): Promise<boolean>;
  /** A new master key; every data key is wrapped anew in one unit of work. Safe while the service runs. */
  rotateMasterKey(): Promise<{ readonly masterKeyId: string; readonly dataKeys: number }>;
  /** Asks identity providers about everybody who is due; it does so by itself every few seconds. */
  revalidate(): Promise<void>;
  /** A new Ed25519 key: published at once, signing some minutes later; the older ones still verify for a while. */
  rotateSigningKey(purpose: "session_grant" | "access_token"): Promise<{ readonly kid: string }>;
  /** What is done each 15 s by itself: says aloud what time has changed. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

const ACCESS_TOKEN_LIFE_MS = 15 * 60 * 1000;
/** A working day, with its evening. */
const SIGN_IN_LIFE_MS = 12 * 3600 * 1000;
/** An agent hears of a new key when it connects anew; one that was away for longer than the overlap joins again. */
const GRANT_KEY_TIMES = { announceMs: 10 * 60 * 1000, overlapMs: 7 * 24 * 3600 * 1000 };
const TOKEN_KEY_ANNOUNCE_MS = 60 * 1000;

/** Opens store and keys, and composes the features. Nothing listens before the caller says so. */
export async function createControlPlane(deps: ControlPlaneDeps): Promise<RunningControlPlane> {
  const now = deps.now ?? Date.now;
  const store = await openStore(deps.store, now);
  try {
    await store.units.history.begin();
    const services = await composeServices(deps, store, now);
    const app = await buildApp(services);
    const sweeper = startSweeper(store);
    services.revalidation.start();
    const sender = deps.sendNotifications === false ? undefined : startSender(services, app.log);
    return {
      port: createPort(services),
      app,
      bootstrapAdmin: (admin) => bootstrapAdmin(store, admin),
      revalidate: () => services.revalidation.round(),
      rotateMasterKey: () => services.sealer.rotate(),
      rotateSigningKey: (purpose) => (purpose === "session_grant" ? services.grantKeys : services.tokenKeys).rotate(),
      sweep: sweeper.sweep,
      async close() {
        sweeper.stop();
        services.revalidation.stop();
        await sender?.stop();
        await app.close();
        await services.secretResolver.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

const adminShape = z.object({ name: principalName, password: newPassword });

async function bootstrapAdmin(store: ControlPlaneStore, admin: z.input<typeof adminShape>): Promise<boolean> {
  const checked = adminShape.safeParse(admin);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw new TidewaiterError("bad_request", `${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { name, password } = checked.data;
  return store.units.principals.bootstrap({ name, passwordHash: await hashPassword(password) });
}

async function composeServices(deps: ControlPlaneDeps, store: ControlPlaneStore, now: () => number): Promise<Services> {
  const sealer = await openSealer(deps, store, now);
  const keys = { store, sealer, now };
  const tokenLifeMs = deps.accessTokenLifeMs ?? ACCESS_TOKEN_LIFE_MS;
  const grantKeys = await SigningKeyRing.open({
    ...keys,
    purpose: "session_grant",
    ...GRANT_KEY_TIMES,
  });
  const tokenTimes = { announceMs: TOKEN_KEY_ANNOUNCE_MS, overlapMs: 2 * tokenLifeMs };
  const tokenKeys = await SigningKeyRing.open({ ...keys, purpose: "access_token", ...tokenTimes });
  const tokens = new AccessTokens(tokenKeys, { now, lifeMs: tokenLifeMs });
  const signInLifeMs = deps.signInLifeMs ?? SIGN_IN_LIFE_MS;
  const identity = (deps.identity ?? localIdentity)(store);
  const tokenKey = await openTokenKey(store, sealer);
  const attempts = new Attempts(now);
  const web = () => deps.endpoints().web;
  const login = new LoginService({ store, tokens, identity, attempts, now, signInLifeMs });
  const factorAttempts = { attempts: new Attempts(now), required: deps.requireSecondFactor === true };
  const secretResolver = new SecretResolver({
    stores: deps.secretStores ?? [],
    now,
    // The end of a session whose gateway was lost is told by nobody.
    isHeld: async (sessionId) => (await store.units.sessions.get({ id: sessionId })).endedAt === null,
  });
  const recordings = new RecordingService({ blobs: deps.blobs, store, sealer });
  const feed = new ChangeFeed(store.units.changes, (listener) => store.onChange(listener));
  const oidcClients = new OidcClients(secretResolver, now);
  const providers = new IdentityProviders({
    ...{ store, sealer, attempts, now, web },
    clients: oidcClients,
    saml: () => loadSaml(secretResolver),
  });
  const authorities = new CertificateAuthorities(keys);
  return {
    deps,
    store,
    sealer,
    now,
    grantKeys,
    tokenKeys,
    attempts,
    providers,
    oidcClients,
    revalidation: new Revalidation({ store, sealer, clients: oidcClients, providers, now }),
    login,
    factors: new SecondFactors({ store, sealer, login, now, web, ...factorAttempts }),
    enrolment: new FactorEnrolment({ store, sealer, now, web }),
    stepUpLinks: new StepUpLinks(store, now, web),
    webSessions: new WebSessions(store, now, signInLifeMs),
    certificates: new CertificateService(store, authorities, now),
    joinAttempts: new Attempts(now),
    federation: new FederationService({ store, tokens, attempts: new Attempts(now), now }),
    secretResolver,
    keyProofs: await openKeyProofs(store, sealer, now),
    notificationLinks: await openNotificationLinks(store, sealer),
    sessions: new SessionService({
      ...{ store, sealer, secretResolver, tokenKey, authorities, now },
      grants: new SessionGrantSigner(grantKeys, now),
      secretGrants: new SecretGrantSigner(grantKeys, now),
    }),
    scim: new ScimService({ store, refusals: new Attempts(now), now }),
    reviews: new ReviewService(store, sealer),
    recordings,
    watching: new WatchService({ store, recordings, feed }),
    agents: new AgentService(store, now),
    feed,
  };
}

function openSealer(deps: ControlPlaneDeps, store: ControlPlaneStore, now: () => number): Promise<Sealer> {
  const { activeMasterKey, dataKey, rewrap } = store.units.seal;
  const file = new MasterKeyFile(deps.masterKeyFile, deps.masterKeyWrapping);
  const sealStore = {
    activeMasterKey: (candidate: string) => activeMasterKey({ candidate }),
    dataKey: (id: string) => dataKey({ id }),
    rewrap,
  };
  return Sealer.open(file, sealStore, now);
}

/** Its XML libraries are for installations that use it. */
async function loadSaml(resolver: SecretResolver) {
  const { SamlServiceProvider } = await import("./features/identity-providers/saml/service-provider.ts");
  return new SamlServiceProvider(resolver);
}
