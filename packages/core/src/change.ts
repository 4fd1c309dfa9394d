export interface Change {
  readonly sequence: number;
  readonly kind:
    | "policy"
    | "review"
    | "principal"
    | "group"
    | "resource"
    | "credential"
    | "grant"
    | "secret"
    | "agent"
    | "session"
    /** More of a watched recording is stored: for those who watch, of no matter to a gateway. */
    | "recording"
    | "cancel"
    | "notification"
    | "labels"
    | "identity_provider"
    | "mandate"
    | "role"
    | "access_rule"
    | "access_request"
    | "change_request"
    | "emergency"
    | "settings"
    | "browser_login";
  readonly id: string;
}

export interface ChangeBatch {
  readonly changes: readonly Change[];
  readonly last: number;
}
