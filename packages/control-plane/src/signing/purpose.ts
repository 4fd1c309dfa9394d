import type { CertificateUse } from "@tidewaiter/core";

/** What a key signs; each purpose has keys of its own. */
export type SigningPurpose = "session_grant" | "access_token" | CertificateUse;
