import type { SecretResolver } from "@tidewaiter/secret-stores";
import type { PortParts } from "./control-plane-port.ts";
import type { ControlPlaneDeps } from "./deps.ts";
import type { FederationService } from "./features/federation/service.ts";
import type { OidcClients } from "./features/identity-providers/oidc-client.ts";
import type { Revalidation } from "./features/identity-providers/revalidate.ts";
import type { IdentityProviders } from "./features/identity-providers/service.ts";
import type { Attempts } from "./features/login/attempts.ts";
import type { NotificationLinks } from "./features/notifications/link.ts";
import type { ScimService } from "./features/scim/service.ts";
import type { FactorEnrolment } from "./features/second-factors/enrolment.ts";
import type { SecondFactors } from "./features/second-factors/service.ts";
import type { StepUpLinks } from "./features/second-factors/step-up-links.ts";
import type { KeyProofs } from "./features/secrets/key-proofs.ts";
import type { WatchService } from "./features/watches/service.ts";
import type { WebSessions } from "./features/web-session/service.ts";
import type { Sealer } from "./seal/sealer.ts";
import type { SigningKeyRing } from "./signing/key-ring.ts";

/** What routes are built from. */
export interface Services extends PortParts {
  readonly deps: ControlPlaneDeps;
  readonly sealer: Sealer;
  readonly tokenKeys: SigningKeyRing;
  readonly joinAttempts: Attempts;
  readonly federation: FederationService;
  /** Turns references (`env:NAME`, `vault:...`) into secrets, as far as the server is set up for them. */
  readonly secretResolver: SecretResolver;
  readonly watching: WatchService;
  readonly webSessions: WebSessions;
  /** On signing in, by address. */
  readonly attempts: Attempts;
  readonly providers: IdentityProviders;
  readonly oidcClients: OidcClients;
  readonly revalidation: Revalidation;
  readonly keyProofs: KeyProofs;
  readonly notificationLinks: NotificationLinks;
  readonly scim: ScimService;
  readonly factors: SecondFactors;
  readonly enrolment: FactorEnrolment;
  readonly stepUpLinks: StepUpLinks;
}
