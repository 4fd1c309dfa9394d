export interface Sample {
  /** A detector's name, `phone_us`, or `plain` for what no detector should find. */
  readonly kind: string;
  readonly text: string;
  readonly source: string;
}
