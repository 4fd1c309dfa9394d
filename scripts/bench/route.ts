/** `lineage`: Tidewaiter where labels follow values by the server's query trees. */
export type RouteName = "direct" | "pgbouncer" | "tidewaiter" | "lineage";

/** One way from a client to the same PostgreSQL. */
export interface Route {
  readonly name: RouteName;
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Processes between client and server, whose CPU and memory is what the route costs. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/** What a workload found on one route in one round. */
export interface Measurement {
  /** In the workload's unit; higher is better unless the workload says otherwise. */
  readonly value: number;
  /** CPU of the route's processes, in the workload's `costUnit`. */
  readonly cost?: number | undefined;
  /** Other numbers worth keeping, e.g. latency. */
  readonly details?: Readonly<Record<string, number>>;
}

export interface Workload {
  readonly name: string;
  readonly about: string;
  readonly unit: string;
  readonly costUnit: string;
  /** True for sizes and delays. Default false. */
  readonly lowerIsBetter?: boolean;
  /** False where a ratio to direct says nothing, because direct has no process in between. Default true. */
  readonly comparable?: boolean;
  /** Measured with the server's lineage as well. Default false. */
  readonly withLineage?: boolean;
  run(route: Route, effort: Effort): Promise<Measurement>;
}

export interface Effort {
  /** Seconds per measurement of throughput. */
  readonly seconds: number;
  readonly idleSessions: number;
}
