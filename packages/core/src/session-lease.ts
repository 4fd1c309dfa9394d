import type { Principal } from "./principal.ts";

export interface SessionCounters {
  readonly statements: number;
  readonly refused: number;
  readonly held: number;
  readonly rows: number;
  readonly bytesToClient: number;
  readonly bytesToTarget: number;
}

export interface LeaseRenewal {
  readonly sessionId: string;
  readonly counters: SessionCounters;
}

export type LeaseState =
  | {
      readonly sessionId: string;
      readonly ok: true;
      readonly leaseExpiresAt: string;
      readonly sessionGrant: string;
      readonly principal: Principal;
      /** Somebody follows it live: segments are to be handed over within about a second. */
      readonly watched: boolean;
    }
  | { readonly sessionId: string; readonly ok: false; readonly reason: string };

export interface SessionEnd {
  readonly reason: string;
  /** Absent when the gateway was lost: those of the last renewal stay. */
  readonly counters?: SessionCounters;
  /** Count of segments written and the hash of the last one (hex): what makes a missing tail visible. */
  readonly segments: number;
  readonly lastSegmentHash: string;
}
