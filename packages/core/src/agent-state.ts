export type AgentVerification =
  | { readonly ok: true; readonly name: string }
  | { readonly ok: false; readonly reason: string };

export interface AgentReport {
  readonly agentId: string;
  readonly gatewayId: string;
  readonly state: "online" | "offline" | "health";
  readonly version: string;
  readonly data: Readonly<Record<string, string | number>>;
}

export interface AgentState {
  readonly id: string;
  readonly name: string;
  readonly online: boolean;
  readonly lastSeen?: string;
  readonly version?: string;
}
