/** Entry of the worker thread behind classify-in-worker.ts: one classifier without a cache, one answer per request. */
import { parentPort } from "node:worker_threads";
import { loadClassifier } from "./classifier.ts";
import type { ClassifyAnswer, ClassifyRequest } from "./worker-protocol.ts";

const port = parentPort;
if (port === null) throw new Error("classify-worker runs only as a worker thread");

const classifier = await loadClassifier({ cacheBytes: 0 });
const answer = (message: ClassifyAnswer): void => port.postMessage(message);
port.on("message", ({ sql }: ClassifyRequest) => answer({ classification: classifier.classify(sql) }));
answer({ ready: true });
