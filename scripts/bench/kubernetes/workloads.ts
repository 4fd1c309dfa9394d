import { createInterface } from "node:readline";
import { eventually, kubectl } from "@tidewaiter/testkit";
import { cpuSeconds } from "../processes.ts";
import { median } from "../statistics.ts";
import { ask, bytesOf } from "./http.ts";
import { type BenchSite, NAMESPACE, type Route, type RouteName } from "./site.ts";

export type Found = Readonly<Partial<Record<RouteName, number>>>;

export interface Row {
  readonly workload: string;
  readonly unit: string;
  readonly found: Found;
}

const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;

/** Round by round, each in another order. */
async function inTurns(
  routes: readonly Route[],
  rounds: number,
  run: (route: Route) => Promise<number>,
): Promise<Found> {
  const found: Record<RouteName, number[]> = { direct: [], tidewaiter: [], masked: [] };
  for (const route of routes) await run(route);
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < routes.length; turn++) {
      const route = routes[(round + turn) % routes.length];
      if (route !== undefined) found[route.name].push(await run(route));
    }
  return Object.fromEntries(routes.map(({ name }) => [name, median(found[name])]));
}

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** kubectl from its start to its end; it asks for Tables, 500 at a time. */
export async function kubectlGet({ routes }: BenchSite, rounds: number): Promise<Row[]> {
  const found = await inTurns(routes, rounds, (route) =>
    elapsed(async () => {
      const { code, stderr } = await kubectl(["get", "pods", "-n", NAMESPACE], { kubeconfig: route.kubeconfig });
      if (code !== 0) throw new Error(stderr);
    }),
  );
  return [{ workload: "kubectl get pods", unit: "ms", found }];
}

/** One request for all of them. */
export async function lists({ routes }: BenchSite, rounds: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const accept of ["json", "table", "protobuf"] as const) {
    let size = 0;
    const found = await inTurns(routes, rounds, (route) =>
      elapsed(async () => {
        const bytes = await bytesOf(await ask(route, PODS, { accept }));
        if (route.name === "direct") size = bytes;
      }),
    );
    rows.push({ workload: `list, ${accept} (${(size / 1e6).toFixed(1)} MB)`, unit: "ms", found });
  }
  return rows;
}

/** Every route watches the same changes: from the change's request, sent directly, to the event's line. */
export async function watchLatency({ routes }: BenchSite, changes: number): Promise<Row[]> {
  const direct = routes.find(({ name }) => name === "direct");
  if (direct === undefined) throw new Error("no direct route");
  const delays: Record<RouteName, number[]> = { direct: [], tidewaiter: [], masked: [] };
  let sentAt = 0;
  let waiting = 0;
  let all: () => void = () => {};
  const stops = await Promise.all(
    routes.map(async (route) => {
      const path = `${MAPS}?watch=true&resourceVersion=0&fieldSelector=metadata.name%3Dsettings`;
      const answer = await ask(route, path);
      createInterface(answer).on("line", () => {
        if (sentAt > 0) delays[route.name].push(performance.now() - sentAt);
        if (--waiting === 0) all();
      });
      return () => answer.destroy();
    }),
  );
  const change = async (n: number): Promise<void> => {
    const arrived = new Promise<void>((resolve) => {
      all = resolve;
    });
    waiting = routes.length;
    sentAt = performance.now();
    const body = JSON.stringify({ data: { n: String(n) } });
    const contentType = "application/merge-patch+json";
    await bytesOf(await ask(direct, `${MAPS}/settings`, { method: "PATCH", body, contentType }));
    await arrived;
  };
  // what was there when the watches began
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (let n = 0; n < changes; n++) await change(n);
  for (const stop of stops) stop();
  const at = (share: number): Found =>
    Object.fromEntries(routes.map(({ name }) => [name, quantile(delays[name], share)]));
  return [
    { workload: "watch event, p50", unit: "ms", found: at(0.5) },
    { workload: "watch event, p99", unit: "ms", found: at(0.99) },
  ];
}

/** A container's log of lines of 500 bytes, followed from its start to its end. */
export async function logs({ routes, cluster }: BenchSite, rounds: number, mib: number): Promise<Row[]> {
  const lines = Math.ceil((mib * 1048576) / 500);
  const script = `yes "$(head -c 499 /dev/zero | tr '\\0' x)" | head -n ${lines}`;
  const spec = { restartPolicy: "Never", containers: [{ name: "log", image: "log", command: ["sh", "-c", script] }] };
  await cluster.call("POST", PODS, { body: { metadata: { name: "log" }, spec } });
  const ended = async (): Promise<boolean> =>
    ((await cluster.call("GET", `${PODS}/log`)).json as { status: { phase: string } }).status.phase === "Succeeded";
  await eventually(ended, { within: 60_000 });
  const path = `${PODS}/log/log?follow=true`;
  const found = await inTurns(routes, rounds, async (route) => {
    let bytes = 0;
    const ms = await elapsed(async () => {
      bytes = await bytesOf(await ask(route, path));
    });
    if (bytes !== lines * 500) throw new Error(`${bytes} bytes of the log by ${route.name}, of ${lines * 500}`);
    return bytes / 1e6 / (ms / 1000);
  });
  return [{ workload: "logs -f", unit: "MB/s", found }];
}

/** So many clients, each on a connection of its own, each asking for one ConfigMap after the other. */
export async function parallel({ routes }: BenchSite, rounds: number, clients: number): Promise<Row[]> {
  const none = (): Record<RouteName, number[]> => ({ direct: [], tidewaiter: [], masked: [] });
  const [latency, cpu] = [none(), none()];
  const each = 40;
  const found = await inTurns(routes, rounds, async (route) => {
    const delays: number[] = [];
    const before = cpuSeconds(route.pids) ?? 0;
    const client = async (): Promise<void> => {
      for (let n = 0; n < each; n++)
        delays.push(await elapsed(async () => bytesOf(await ask(route, `${MAPS}/settings`))));
    };
    const ms = await elapsed(() => Promise.all(Array.from({ length: clients }, client)));
    latency[route.name].push(quantile(delays, 0.5));
    cpu[route.name].push(((cpuSeconds(route.pids) ?? 0) - before) / delays.length);
    return delays.length / (ms / 1000);
  });
  const medians = (of: Record<RouteName, number[]>, times: number): Found =>
    Object.fromEntries(routes.map(({ name }) => [name, median(of[name]) * times]));
  const { direct: _, ...ours } = medians(cpu, 1000);
  return [
    { workload: `${clients} at once`, unit: "requests/s", found },
    { workload: `${clients} at once, p50`, unit: "ms", found: medians(latency, 1) },
    { workload: "CPU of a request", unit: "ms", found: ours },
  ];
}

/** One client, one request after the other: what the way through adds. */
export async function oneByOne({ routes }: BenchSite, rounds: number): Promise<Row[]> {
  const found = await inTurns(routes, rounds, async (route) => {
    const delays: number[] = [];
    for (let n = 0; n < 200; n++) delays.push(await elapsed(async () => bytesOf(await ask(route, `${MAPS}/settings`))));
    return quantile(delays, 0.5);
  });
  return [{ workload: "one get, p50", unit: "ms", found }];
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
